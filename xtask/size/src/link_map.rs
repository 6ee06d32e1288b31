//! Parses lld's link map: the input sections and symbols in each output section, with their addresses.

use anyhow::{Context, Result, bail};

use super::demangle::{is_internal_symbol, symbol_of_section};

#[derive(Debug, PartialEq, Eq)]
pub struct OutputSection<'a> {
    pub name: &'a str,
    /// 0 for sections that are not loaded.
    pub address: u64,
    pub size: u64,
    /// Sorted by address.
    pub inputs: Vec<InputSection<'a>>,
}

#[derive(Debug, PartialEq, Eq)]
pub struct InputSection<'a> {
    /// The path of an object file or an archive.
    pub file: &'a str,
    pub member: Option<&'a str>,
    pub section: &'a str,
    pub address: u64,
    pub size: u64,
    /// Sorted by address.
    pub symbols: Vec<Symbol<'a>>,
}

impl InputSection<'_> {
    /// The mangled names of its symbols, and last the one in its section's name.
    pub fn names(&self) -> impl Iterator<Item = &str> {
        let symbols = self.symbols.iter().map(|symbol| symbol.name);
        let symbols = symbols.filter(|name| !is_internal_symbol(name));
        symbols.chain([symbol_of_section(self.section)])
    }
}

/// The linker's file name for sections that it generates.
pub const INTERNAL: &str = "<internal>";

#[derive(Debug, PartialEq, Eq)]
pub struct Symbol<'a> {
    pub name: &'a str,
    pub address: u64,
    /// 0 if it is not known.
    pub size: u64,
}

/// The column where names begin: after two addresses of 16 digits, a size of 8 and an alignment of 5.
const NAME_COLUMN: usize = 16 + 1 + 16 + 1 + 8 + 1 + 5 + 1;
/// The indentation of inputs, and that of symbols relative to inputs.
const INDENT: usize = 8;

pub fn parse(map: &str) -> Result<Vec<OutputSection<'_>>> {
    let mut outputs: Vec<OutputSection> = Vec::new();
    for (index, line) in map.lines().enumerate().skip(1) {
        read_line(line, &mut outputs)
            .with_context(|| format!("failed to read line {} of the linker's map", index + 1))?;
    }
    if outputs.is_empty() {
        bail!("the linker's map has no sections");
    }
    Ok(outputs)
}

fn read_line<'a>(line: &'a str, outputs: &mut Vec<OutputSection<'a>>) -> Result<()> {
    let (numbers, name) = line
        .split_at_checked(NAME_COLUMN)
        .with_context(|| format!("it is too short: `{line}`"))?;
    let mut numbers = numbers.split_ascii_whitespace();
    let mut hexadecimal = || {
        let digits = numbers.next().unwrap_or_default();
        u64::from_str_radix(digits, 16).with_context(|| format!("`{digits}` is not a hexadecimal number"))
    };
    let (address, _, size) = (hexadecimal()?, hexadecimal()?, hexadecimal()?);
    let text = name.trim_start_matches(' ');
    let depth = (name.len() - text.len()) / INDENT;
    if depth == 0 {
        outputs.push(OutputSection {
            name: text,
            address,
            size,
            inputs: Vec::new(),
        });
        return Ok(());
    }
    let output = outputs.last_mut().context("it belongs to no section")?;
    if depth == 1 {
        // Assignments of a linker script are at this depth, too; they have no section.
        if let Some((path, section)) = text.rsplit_once(":(") {
            let (file, member) = split_member(path);
            output.inputs.push(InputSection {
                file,
                member,
                section: section.trim_end_matches(')'),
                address,
                size,
                symbols: Vec::new(),
            });
        }
        return Ok(());
    }
    let input = output.inputs.last_mut().context("it belongs to no file")?;
    input.symbols.push(Symbol {
        name: text,
        address,
        size,
    });
    Ok(())
}

/// Splits `archive(member)`; other paths have no member. Names of folders may contain parentheses, too.
fn split_member(path: &str) -> (&str, Option<&str>) {
    let inside = path.strip_suffix(')').and_then(|path| {
        let mut ends = [".a(", ".rlib("].iter();
        let begin = ends.find_map(|end| Some(path.find(end)? + end.len()))?;
        Some((&path[..begin - 1], Some(&path[begin..])))
    });
    inside.unwrap_or((path, None))
}

#[cfg(test)]
mod tests {
    use super::*;

    const MAP: &str = "\
             VMA              LMA     Size Align Out     In      Symbol
             2e0              2e0       1c     1 .interp
             2e0              2e0       1c     1         <internal>:(.interp)
            1000             1000       30    16 .text
            1000             1000       20    16         /a/libx.a(/b/f(1).o):(.text._Z1fv)
            1000             1000       20     1                 _Z1fv
            1020             1020       10     1         /a/main.o:(.text)
";

    #[test]
    fn parse_reads_sections_files_and_symbols() {
        let outputs = parse(MAP).unwrap();
        assert_eq!(outputs.len(), 2);
        assert_eq!(outputs[0].inputs[0].file, INTERNAL);
        let text = &outputs[1];
        assert_eq!((text.address, text.size), (0x1000, 0x30));
        let input = &text.inputs[0];
        assert_eq!(
            (input.file, input.member, input.section, input.size),
            ("/a/libx.a", Some("/b/f(1).o"), ".text._Z1fv", 0x20)
        );
        let symbol = Symbol {
            name: "_Z1fv",
            address: 0x1000,
            size: 0x20,
        };
        assert_eq!(input.symbols, [symbol]);
        assert_eq!(text.inputs[1].member, None);
        let in_folder = split_member("/p(1)/libx.a(f.o)");
        assert_eq!(in_folder, ("/p(1)/libx.a", Some("f.o")));
    }

    #[test]
    fn parse_rejects_malformed_maps() {
        for text in ["", "VMA\n", "VMA\nshort", &MAP.replace("1000", "zzzz")] {
            assert!(parse(text).is_err(), "{text}");
        }
    }
}
