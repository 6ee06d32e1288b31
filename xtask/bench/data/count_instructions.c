// A plugin for qemu's user-mode emulators that counts the instructions of all threads of a program. Another process
// reads the sum while the program runs.
//
//   qemu-ARCHITECTURE -plugin PLUGIN,counts=FILE PROGRAM
//
// FILE has MAX_THREADS numbers of 64 bits, one for each thread. The interface is that of qemu's header qemu-plugin.h,
// version 1: https://www.qemu.org/docs/master/devel/tcg-plugins.html.
#include <fcntl.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <sys/mman.h>

enum { MAX_THREADS = 512, VERSION = 1, CB_NO_REGS = 0 };

typedef uint64_t plugin_id;
struct qemu_plugin_tb;

void qemu_plugin_register_vcpu_tb_trans_cb(plugin_id, void (*)(plugin_id, struct qemu_plugin_tb *));
size_t qemu_plugin_tb_n_insns(const struct qemu_plugin_tb *);
void qemu_plugin_register_vcpu_tb_exec_cb(struct qemu_plugin_tb *, void (*)(unsigned, void *), int, void *);

__attribute__((visibility("default"))) int qemu_plugin_version = VERSION;

static uint64_t *counts;

// `count` is the number of instructions in the block of code that is about to run.
static void block_runs(unsigned thread, void *count) {
    if (thread < MAX_THREADS) counts[thread] += (uintptr_t)count;
}

static void block_is_translated(plugin_id id, struct qemu_plugin_tb *block) {
    (void)id;
    void *count = (void *)(uintptr_t)qemu_plugin_tb_n_insns(block);
    qemu_plugin_register_vcpu_tb_exec_cb(block, block_runs, CB_NO_REGS, count);
}

__attribute__((visibility("default"))) int qemu_plugin_install(plugin_id id, const void *info, int argument_count,
                                                               char **arguments) {
    static const char option[] = "counts=";
    (void)info;
    if (argument_count != 1 || strncmp(arguments[0], option, sizeof option - 1) != 0) return 1;
    const int file = open(arguments[0] + sizeof option - 1, O_RDWR);
    if (file < 0) return 1;
    counts = mmap(NULL, MAX_THREADS * sizeof *counts, PROT_READ | PROT_WRITE, MAP_SHARED, file, 0);
    if (counts == MAP_FAILED) return 1;
    qemu_plugin_register_vcpu_tb_trans_cb(id, block_is_translated);
    return 0;
}
