//! The smallest ELF program that the kernel starts: one segment, no loader and no libraries.

/// ELF's number of the processor x86_64.
pub const X86_64: u16 = 62;
/// ELF's number of the processor arm64.
#[allow(dead_code, reason = "not every test that includes this file needs it")]
pub const AARCH64: u16 = 183;

/// A static program for the processor `machine`, whose code is for x86_64 and exits with status 0.
pub fn static_program(machine: u16) -> Vec<u8> {
    // mov $60, %al; xor %edi, %edi; syscall
    let code = [0xb0, 60, 0x31, 0xff, 0x0f, 0x05];
    let (header_size, segment_size) = (64_u64, 56);
    let (offset, base) = (header_size + segment_size, 0x40_0000);
    let end = offset + code.len() as u64;
    let mut bytes = b"\x7fELF\x02\x01\x01\0\0\0\0\0\0\0\0\0".to_vec();
    let mut add = |value: u64, size: usize| bytes.extend_from_slice(&value.to_le_bytes()[..size]);
    // ET_EXEC, machine, version, entry, program headers, no sections, flags.
    for (value, size) in [
        (2, 2),
        (machine.into(), 2),
        (1, 4),
        (base + offset, 8),
        (header_size, 8),
        (0, 8),
        (0, 4),
    ] {
        add(value, size);
    }
    for size in [header_size, segment_size, 1, 0, 0, 0] {
        add(size, 2);
    }
    // PT_LOAD, readable and executable: offset, addresses, sizes, alignment.
    for (value, size) in [
        (1, 4),
        (5, 4),
        (0, 8),
        (base, 8),
        (base, 8),
        (end, 8),
        (end, 8),
        (0x1000, 8),
    ] {
        add(value, size);
    }
    bytes.extend(code);
    bytes
}
