// Makes the memory error that the command line selects; hardened code must abort. Numbers come from the command line,
// so that the compiler cannot evaluate them.
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <string>
#include <vector>

__attribute__((noinline)) static void fill(char* to, int count)
{
    for (volatile int i = 0; i < count; i = i + 1)
        to[i] = 'x';
}

// Writes past the end of a buffer without a library call: only the stack protector detects it.
__attribute__((noinline)) static void smash(int count)
{
    char buffer[16];
    fill(buffer, count);
    std::printf("%c\n", buffer[0]);
}

// Has glibc write past the end of a buffer whose size is known to the compiler, or available at run time.
__attribute__((noinline)) static void copy(const char* from, int count, int size)
{
    char buffer[16];
    char* heap = static_cast<char*>(std::malloc(size));
    std::memcpy(size ? heap : buffer, from, count);
    std::printf("%c\n", size ? heap[0] : buffer[0]);
}

// Leaves letters on the stack, which `peek` reads as uninitialised values.
__attribute__((noinline)) static void scribble(int count)
{
    char buffer[4096];
    fill(buffer, count);
    std::printf("%c\n", buffer[0]);
}

__attribute__((noinline)) static int peek()
{
    int left[512];
    volatile int* values = left;
    int all = 0;
    for (int i = 0; i < 512; i++)
        all |= values[i];
    return all;
}

int main(int count, char** arguments)
{
    if (count != 3)
        return 2;
    const std::string mistake = arguments[1];
    const int number = std::atoi(arguments[2]);
    const std::string text(4096, 'x');
    if (mistake == "stack")
        smash(number);
    if (mistake == "memcpy")
        copy(text.data(), number, 0);
    if (mistake == "heap")
        copy(text.data(), number, 16);
    if (mistake == "vector")
        std::printf("%d\n", std::vector<int>(16)[number]);
    if (mistake == "uninitialised")
    {
        scribble(number);
        return peek() != 0;
    }
    return 0;
}
