// Dynamic arrays for code that is compiled for several instruction sets. Not std::vector: the linker keeps one copy of
// each template instantiation, which might use instructions that the processor lacks.
#ifndef OPENCV_OBJDETECT_HAAR_BUFFER_HPP
#define OPENCV_OBJDETECT_HAAR_BUFFER_HPP

#include <cstddef>
#include <cstdlib>
#include <cstring>
#include <new>

#include "opencv2/core/hal/intrin.hpp"

namespace cv { namespace haar {

CV_CPU_OPTIMIZATION_NAMESPACE_BEGIN

// Grows but never shrinks. T must be trivially copyable. New elements are zero.
template <typename T> class Buffer
{
public:
    Buffer() : data_(NULL), capacity_(0) {}
    ~Buffer() { std::free(data_); }
    Buffer(const Buffer&) = delete;
    Buffer& operator=(const Buffer&) = delete;

    // Grows to at least `size` elements and keeps the existing ones.
    void reserve(size_t size)
    {
        if (size <= capacity_)
            return;
        T* data = static_cast<T*>(std::realloc(data_, size * sizeof(T)));
        if (!data)
            throw std::bad_alloc();
        std::memset(static_cast<void*>(data + capacity_), 0, (size - capacity_) * sizeof(T));
        data_ = data;
        capacity_ = size;
    }

    T* data() { return data_; }
    const T* data() const { return data_; }
    T& operator[](size_t i) { return data_[i]; }
    const T& operator[](size_t i) const { return data_[i]; }

private:
    T* data_;
    size_t capacity_;
};

// A growable array: a Buffer and the number of its elements.
template <typename T> class List
{
public:
    List() : size_(0) {}
    void clear() { size_ = 0; }
    size_t size() const { return size_; }
    const T* data() const { return items_.data(); }
    const T& operator[](size_t i) const { return items_[i]; }
    void add(const T& item)
    {
        if (size_ % 256 == 0)
            items_.reserve((size_ + 256) / 256 * 512);
        items_[size_++] = item;
    }

private:
    Buffer<T> items_;
    size_t size_;
};

CV_CPU_OPTIMIZATION_NAMESPACE_END

}}  // namespace cv::haar

#endif
