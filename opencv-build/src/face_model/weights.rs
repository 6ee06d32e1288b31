//! The weights of the face detection network, read from the dynamic symbols of an ELF library: each tensor is an array
//! of floats with a symbol of its own.

use std::collections::BTreeMap;

use anyhow::{Context, Result, ensure};
use object::{File, Object, ObjectSection, ObjectSymbol, SymbolKind};

/// The data symbols of a library, by name.
pub struct Weights<'a>(BTreeMap<String, &'a [u8]>);

impl<'a> Weights<'a> {
    /// Reads the symbols of the ELF file `library`.
    pub fn read(library: &'a [u8]) -> Result<Self> {
        let file = File::parse(library).context("it is not a shared library")?;
        ensure!(file.is_little_endian(), "its numbers are big-endian");
        let mut symbols = BTreeMap::new();
        for symbol in file
            .dynamic_symbols()
            .filter(|symbol| symbol.kind() == SymbolKind::Data)
        {
            let Some(section) = symbol.section_index() else {
                continue;
            };
            let section = file.section_by_index(section)?;
            if let Some(bytes) = section.data_range(symbol.address(), symbol.size())? {
                symbols.insert(symbol.name()?.to_owned(), bytes);
            }
        }
        Ok(Self(symbols))
    }

    /// The `count` floats of `symbol`.
    pub fn floats(&self, symbol: &str, count: usize) -> Result<Vec<f32>> {
        let bytes = self.0.get(symbol);
        let bytes = bytes.with_context(|| format!("it has no data with the symbol `{symbol}`"))?;
        let (floats, rest) = bytes.as_chunks::<4>();
        ensure!(
            floats.len() == count && rest.is_empty(),
            "its symbol `{symbol}` has {} bytes, not those of {count} floats",
            bytes.len()
        );
        let floats: Vec<_> = floats.iter().map(|bytes| f32::from_le_bytes(*bytes)).collect();
        ensure!(
            floats.iter().all(|weight| weight.is_finite()),
            "its symbol `{symbol}` has infinite weights, or weights that are not numbers"
        );
        Ok(floats)
    }
}

#[cfg(test)]
mod tests {
    use std::path::PathBuf;
    use std::process::Command;

    use fs_err as fs;

    use super::*;

    impl<'a> Weights<'a> {
        /// Tensors of a test.
        pub fn of(symbols: impl IntoIterator<Item = (&'a str, &'a [u8])>) -> Self {
            let symbols = symbols.into_iter();
            Self(symbols.map(|(name, bytes)| (name.to_owned(), bytes)).collect())
        }
    }

    const LIBRARY: &str = "
const float first[] = {1.5f, -2.0f, 0.25f};
float second[] = {4.0f};
float zeros[3];
char odd[] = {1, 2, 3, 4, 5, 6};
float infinite[] = {1.0f, __builtin_inff()};
float not_numbers[] = {__builtin_nanf(\"\")};
int first_function(void) { return (int)first[0]; }
";

    /// A shared library of C code, as bytes.
    fn library(code: &str) -> Vec<u8> {
        let folder = tempfile::tempdir().unwrap();
        let [source, library]: [PathBuf; 2] = ["a.c", "a.so"].map(|name| folder.path().join(name));
        fs::write(&source, code).unwrap();
        let mut compiler = Command::new("cc");
        compiler.args(["-shared", "-fPIC", "-nostdlib", "-o"]);
        assert!(compiler.args([&library, &source]).status().unwrap().success());
        fs::read(&library).unwrap()
    }

    #[test]
    fn floats_are_read_from_symbols() {
        let library = library(LIBRARY);
        let weights = Weights::read(&library).unwrap();
        assert_eq!(weights.floats("first", 3).unwrap(), [1.5, -2.0, 0.25]);
        assert_eq!(weights.floats("second", 1).unwrap(), [4.0]);
    }

    #[test]
    fn errors_name_the_symbol() {
        let library = library(LIBRARY);
        let weights = Weights::read(&library).unwrap();
        for (symbol, count, expected) in [
            ("third", 3, "it has no data with the symbol `third`"),
            ("first_function", 3, "it has no data with the symbol `first_function`"),
            // Without data in the file.
            ("zeros", 3, "it has no data with the symbol `zeros`"),
            ("first", 4, "its symbol `first` has 12 bytes, not those of 4 floats"),
            ("first", 2, "its symbol `first` has 12 bytes, not those of 2 floats"),
            ("odd", 1, "its symbol `odd` has 6 bytes, not those of 1 floats"),
            ("infinite", 2, "its symbol `infinite` has infinite weights"),
            (
                "not_numbers",
                1,
                "its symbol `not_numbers` has infinite weights, or weights that are not numbers",
            ),
        ] {
            let error = weights.floats(symbol, count).unwrap_err().to_string();
            assert!(error.starts_with(expected), "{error}");
        }
    }

    #[test]
    fn damaged_library_is_an_error() {
        let library = library(LIBRARY);
        for length in [0, 3, 63, library.len() / 2] {
            let of = |weights: Weights| weights.floats("first", 3);
            Weights::read(&library[..length]).and_then(of).unwrap_err();
        }
    }
}
