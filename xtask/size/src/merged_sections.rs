//! Splits the linker's sections of merged strings and numbers into their elements.

/// The width of a unit in bytes, and whether elements are zero-terminated strings of such units; none for sections of
/// other kinds.
pub fn element_layout(section: &str) -> Option<(usize, bool)> {
    let rest = section.strip_prefix(".rodata.")?;
    if let Some(width) = rest.strip_prefix("cst") {
        return Some((number(width)?, false));
    }
    // `.rodata.str1.16`: one byte wide, aligned to 16.
    let (width, _) = rest.strip_prefix("str")?.split_once('.')?;
    Some((number(width)?, true))
}

fn number(digits: &str) -> Option<usize> {
    digits.parse().ok().filter(|number| *number > 0)
}

/// The elements of such a section, each with its offset. Padding between aligned strings is omitted.
pub fn elements<'a>(section: &str, bytes: &'a [u8]) -> Vec<(usize, &'a [u8])> {
    let Some((width, strings)) = element_layout(section) else {
        return Vec::new();
    };
    let mut found = Vec::new();
    let mut start = 0;
    for (index, unit) in bytes.chunks_exact(width).enumerate() {
        let end = (index + 1) * width;
        if !strings {
            found.push((start, &bytes[start..end]));
            start = end;
        } else if unit.iter().all(|byte| *byte == 0) {
            // A zero after a string's end is padding to the next alignment, or an empty string.
            if end - start > width || found.is_empty() {
                found.push((start, &bytes[start..end]));
            }
            start = end;
        }
    }
    found
}

/// The element that contains `offset`.
pub fn element_at(section: &str, bytes: &[u8], offset: u64) -> Option<Vec<u8>> {
    let (width, strings) = element_layout(section)?;
    let offset = usize::try_from(offset).ok().filter(|at| *at < bytes.len())?;
    let index = offset / width;
    let mut units = bytes.chunks_exact(width);
    let element = if strings {
        let is_end = |unit: &[u8]| unit.iter().all(|byte| *byte == 0);
        let before = bytes[..index * width].chunks_exact(width).rev();
        let start = index - before.take_while(|unit| !is_end(unit)).count();
        let length = bytes[start * width..].chunks_exact(width).position(is_end)? + 1;
        &bytes[start * width..(start + length) * width]
    } else {
        units.nth(index)?
    };
    Some(element.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn strings_end_with_zeros_and_numbers_have_a_width() {
        let strings = elements(".rodata.str1.1", b"ab\0c\0");
        assert_eq!(strings, [(0, &b"ab\0"[..]), (3, b"c\0")]);
        let numbers = elements(".rodata.cst4", b"aaaabbbb");
        assert_eq!(numbers, [(0, &b"aaaa"[..]), (4, b"bbbb")]);
        assert!(elements(".rodata", b"aaaa").is_empty());
    }

    #[test]
    fn wide_strings_end_with_wide_zeros() {
        let strings = elements(".rodata.str4.4", b"a\0\0\0\0\0\0\0b\0\0\0\0\0\0\0");
        assert_eq!(strings.len(), 2);
    }

    #[test]
    fn padding_between_aligned_strings_is_skipped() {
        let strings = elements(".rodata.str1.4", b"ab\0\0c\0\0\0");
        assert_eq!(strings, [(0, &b"ab\0"[..]), (4, b"c\0")]);
    }

    #[test]
    fn element_at_finds_the_string_around_an_offset() {
        let found = |offset| element_at(".rodata.str1.1", b"ab\0cd\0", offset);
        assert_eq!(found(1).unwrap(), b"ab\0");
        assert_eq!(found(3).unwrap(), b"cd\0");
        assert_eq!(found(4).unwrap(), b"cd\0");
        assert_eq!(found(6), None);
        assert_eq!(element_at(".rodata.cst4", b"aaaabbbb", 5).unwrap(), b"bbbb");
    }
}
