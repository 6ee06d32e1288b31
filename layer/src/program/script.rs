//! The first line of a script, as the kernel reads it. Source: the kernel's `fs/binfmt_script.c`.

/// The size in bytes of the part of a file that the kernel looks at (`BINPRM_BUF_SIZE`).
const KERNEL_BUFFER: usize = 256;

/// The interpreter of a script, and the one argument that the kernel passes to it before the script's path.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Script {
    pub(crate) interpreter: String,
    pub(crate) argument: Option<String>,
}

impl Script {
    /// `line` is what follows `#!`.
    ///
    /// # Errors
    /// What the file is instead of a script that the kernel runs.
    pub(super) fn parse(line: &[u8]) -> Result<Self, String> {
        let seen = &line[..line.len().min(KERNEL_BUFFER - 2)];
        let end = seen.iter().position(|byte| matches!(byte, b'\n' | 0));
        let text = trim_end(trim_start(&seen[..end.unwrap_or(seen.len())]));
        let blank = text.iter().position(|byte| is_blank(*byte));
        if text.is_empty() {
            return Err("a script with no program after `#!`".into());
        }
        if end.is_none() && blank.is_none() && line.len() > seen.len() {
            return Err(format!(
                "a script whose interpreter has a longer path than the {KERNEL_BUFFER} bytes that the kernel reads"
            ));
        }
        let (interpreter, argument) = text.split_at(blank.unwrap_or(text.len()));
        let argument = trim_start(argument);
        let string = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
        Ok(Self {
            interpreter: string(interpreter),
            argument: (!argument.is_empty()).then(|| string(argument)),
        })
    }

    /// Whether the line ends with `\r`, as editors on Windows write it. The kernel takes it for a part of the name.
    pub(super) fn has_carriage_return(&self) -> bool {
        let last = self.argument.as_ref().unwrap_or(&self.interpreter);
        last.ends_with('\r')
    }

    /// The program that `env` starts, if it is the interpreter.
    pub(super) fn program_of_env(&self) -> Option<&str> {
        let argument = self.argument.as_deref()?;
        if self.interpreter.rsplit('/').next() != Some("env") {
            return None;
        }
        // Without -S, the kernel's only argument is one name, blanks included.
        let Some(words) = argument
            .strip_prefix("-S")
            .or_else(|| argument.strip_prefix("--split-string"))
        else {
            return Some(argument).filter(|argument| !argument.starts_with('-'));
        };
        let mut words = words.trim_start_matches('=').split_ascii_whitespace();
        while let Some(word) = words.next() {
            match word {
                "-u" | "--unset" | "-C" | "--chdir" => drop(words.next()),
                option if option.starts_with('-') || option.contains('=') => {}
                program => return unquoted(program),
            }
        }
        None
    }
}

/// A word of `env -S` without quotation marks around it; `None` if it is a part of something quoted, or has variables.
fn unquoted(word: &str) -> Option<&str> {
    let inner = |mark| word.strip_prefix(mark)?.strip_suffix(mark);
    let word = inner('"').or_else(|| inner('\'')).unwrap_or(word);
    (!word.contains(['"', '\'', '\\', '$'])).then_some(word)
}

/// The kernel takes only blanks and tabs for white space, not `\r`.
fn is_blank(byte: u8) -> bool {
    matches!(byte, b' ' | b'\t')
}

fn trim_start(bytes: &[u8]) -> &[u8] {
    let start = bytes.iter().position(|byte| !is_blank(*byte));
    &bytes[start.unwrap_or(bytes.len())..]
}

fn trim_end(bytes: &[u8]) -> &[u8] {
    let end = bytes.iter().rposition(|byte| !is_blank(*byte));
    &bytes[..end.map_or(0, |end| end + 1)]
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(line: &str) -> (String, Option<String>) {
        let script = Script::parse(line.as_bytes()).unwrap();
        (script.interpreter, script.argument)
    }

    #[test]
    fn lines_are_split_as_by_the_kernel() {
        let pair = |interpreter: &str, argument: &str| (interpreter.to_owned(), Some(argument.to_owned()));
        assert_eq!(parse("/bin/sh"), ("/bin/sh".to_owned(), None));
        assert_eq!(parse(" /bin/sh \t\n"), ("/bin/sh".to_owned(), None));
        assert_eq!(parse("/bin/sh\r\n"), ("/bin/sh\r".to_owned(), None));
        assert_eq!(parse("/bin/sh -e  -u \nx"), pair("/bin/sh", "-e  -u"));
        assert_eq!(parse("/bin/sh\t-e\r\n"), pair("/bin/sh", "-e\r"));
        assert_eq!(parse("/bin/sh\0-e\n"), ("/bin/sh".to_owned(), None));
        for line in ["", "\n", "  \n/bin/sh"] {
            assert!(Script::parse(line.as_bytes()).is_err(), "{line:?}");
        }
        let long = format!("/{}", "x".repeat(300));
        assert!(Script::parse(long.as_bytes()).unwrap_err().contains("256"));
        assert!(Script::parse(format!("/bin/sh {long}").as_bytes()).is_ok());
    }

    #[test]
    fn env_is_followed() {
        let program = |line: &str| {
            let script = Script::parse(line.as_bytes()).unwrap();
            script.program_of_env().map(str::to_owned)
        };
        assert_eq!(program("/usr/bin/env python3"), Some("python3".into()));
        assert_eq!(program("/usr/bin/env python3 -u"), Some("python3 -u".into()));
        assert_eq!(program("/usr/bin/env -S A=b python3 -u"), Some("python3".into()));
        assert_eq!(program("/usr/bin/env -S-i python3"), Some("python3".into()));
        assert_eq!(
            program("/usr/bin/env -S -u A -C /tmp --unset=B node x"),
            Some("node".into())
        );
        assert_eq!(program("/usr/bin/env -S \"node\" 'x'"), Some("node".into()));
        for unclear in ["\"a b\"", "${A} x", "a\\_b"] {
            assert_eq!(program(&format!("/usr/bin/env -S {unclear}")), None, "{unclear}");
        }
        assert_eq!(program("/usr/bin/env -i"), None);
        assert_eq!(program("/bin/sh x"), None);
    }
}
