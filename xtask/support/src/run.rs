//! Runs commands to completion. An error shows the command, its exit status and its output: whole, or as a reference to
//! the output above it, or its end and the log's path. Users and passwords in URLs, which those of private package
//! indexes can contain, are redacted.

use std::borrow::Cow;
use std::collections::VecDeque;
use std::io::{self, BufRead, BufReader, Write};
use std::path::Path;
use std::process::{Child, Command, Output};

use anyhow::{Context, Result, bail, ensure};
use fs_err::{self as fs, OpenOptions};
use rustix::fs::statvfs;

/// The lines of a failed command's output in its error.
const TAIL_LINES: usize = 20;
/// With less free space on the log's disk, in bytes, an error mentions it: a linker whose output does not fit ends with
/// a signal and CMake with an unrelated error, and neither reports the kernel's `ENOSPC`.
const LOW_DISK_SPACE: u64 = 64 << 20;
/// The characters of a line in an error; lines of compilers and pip can have thousands.
const MAX_LINE_CHARS: usize = 300;

pub use xshell::{Cmd, Shell, cmd};

/// A command of xshell, or of the standard library where xshell lacks an option.
pub trait RunnableCommand {
    fn with_command<T>(self, run: impl FnOnce(&mut Command) -> T) -> T;
}

impl RunnableCommand for Cmd<'_> {
    fn with_command<T>(self, run: impl FnOnce(&mut Command) -> T) -> T {
        run(&mut self.into())
    }
}

impl RunnableCommand for &mut Command {
    fn with_command<T>(self, run: impl FnOnce(&mut Command) -> T) -> T {
        run(self)
    }
}

/// Runs a command; both its stdout and its stderr go to this program's stderr.
pub fn run_checked(command: impl RunnableCommand) -> Result<()> {
    command.with_command(|command| {
        let shown = display_command(command);
        // Programs such as cargo test print to stdout, which is for this program's output.
        let status = command.stdout(io::stderr()).status();
        let status = status.with_context(|| format!("failed to start `{shown}`"))?;
        ensure!(
            status.success(),
            "failed to run `{shown}`: {status}; its output is above"
        );
        Ok(())
    })
}

/// A command's stdout without surrounding whitespace, if the command succeeds.
pub fn output(command: impl RunnableCommand) -> Result<String> {
    command.with_command(|command| {
        let ended = wait_with_output(&mut *command)?;
        let stderr = String::from_utf8_lossy(&ended.stderr);
        ensure!(
            ended.status.success(),
            "failed to run `{}`: {}\n  | {}",
            display_command(command),
            ended.status,
            redact_credentials(stderr.trim()).replace('\n', "\n  | ")
        );
        Ok(String::from_utf8_lossy(&ended.stdout).trim().to_owned())
    })
}

/// A command's output and exit status, for commands whose failure is not an error.
pub fn wait_with_output(command: impl RunnableCommand) -> Result<Output> {
    command.with_command(|command| {
        let ended = command.output();
        ended.with_context(|| format!("failed to start `{}`", display_command(command)))
    })
}

/// Runs `command` to completion; appends its output to `log` and passes each line to `on_line`.
///
/// # Errors
/// The command cannot be started or does not succeed.
pub fn run_logged(command: impl RunnableCommand, log: &Path, on_line: impl FnMut(&str)) -> Result<()> {
    run_logged_with_id(command, log, |_| (), on_line)
}

/// [`run_logged`], which also passes the ID of the command's process to `on_start`.
///
/// # Errors
/// Those of [`run_logged`].
pub fn run_logged_with_id(
    command: impl RunnableCommand,
    log: &Path,
    on_start: impl FnOnce(u32),
    on_line: impl FnMut(&str),
) -> Result<()> {
    command.with_command(|command| run_logged_command(command, log, on_start, on_line))
}

fn run_logged_command(
    command: &mut Command,
    log: &Path,
    on_start: impl FnOnce(u32),
    mut on_line: impl FnMut(&str),
) -> Result<()> {
    if let Some(folder) = log.parent() {
        fs::create_dir_all(folder)?;
    }
    let mut file = OpenOptions::new().create(true).append(true).open(log)?;
    let shown = display_command(command);
    writeln!(file, "$ {shown}")?;

    let (reader, writer) = io::pipe()?;
    command.stdout(writer.try_clone()?).stderr(writer);
    let spawned = command.spawn();
    let mut child = KillOnDrop(spawned.with_context(|| format!("failed to start `{shown}`"))?);
    // Drops the writing ends of the pipe that `command` holds: otherwise reading would never end.
    command.stdout(std::process::Stdio::null());
    command.stderr(std::process::Stdio::null());
    on_start(child.0.id());

    let mut tail = VecDeque::new();
    let mut lines = BufReader::new(reader);
    let mut line = Vec::new();
    while lines.read_until(b'\n', &mut line)? > 0 {
        let text = redact_credentials(&String::from_utf8_lossy(&line));
        file.write_all(text.as_bytes())?;
        let text = text.trim_end();
        on_line(text);
        if tail.len() == TAIL_LINES {
            tail.pop_front();
        }
        tail.push_back(text.chars().take(MAX_LINE_CHARS).collect::<String>());
        line.clear();
    }
    let status = child.0.wait()?;
    if status.success() {
        return Ok(());
    }
    let folder = match command.get_current_dir() {
        Some(folder) => folder.to_owned(),
        None => std::env::current_dir()?,
    };
    let tail: Vec<_> = tail.iter().map(|line| format!("  | {line}\n")).collect();
    bail!(
        "failed to run `{shown}` in `{}`: {status}\n{}{}whole log: {}",
        folder.display(),
        tail.concat(),
        low_disk_space_note(log.parent().unwrap_or(Path::new("."))),
        log.display()
    )
}

/// A line with the free space on the disk of `folder`, if it is less than [`LOW_DISK_SPACE`].
fn low_disk_space_note(folder: &Path) -> String {
    let Ok(disk) = statvfs(folder) else {
        return String::new();
    };
    let free = disk.f_bavail.saturating_mul(disk.f_frsize);
    // File systems without blocks do not report their free space.
    if free >= LOW_DISK_SPACE || disk.f_blocks == 0 {
        return String::new();
    }
    let (megabytes, folder) = (free >> 20, folder.display());
    format!(
        "the disk of `{folder}` has only {megabytes} MB left: \
         if that was too little, free some space and run it again\n"
    )
}

/// A child that is killed if this program returns early with an error.
struct KillOnDrop(Child);

impl Drop for KillOnDrop {
    fn drop(&mut self) {
        // Neither has an effect after the child was waited for.
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

/// A command as one would type it in a shell, with credentials redacted.
pub fn display_command(command: &Command) -> String {
    let mut shown = command.get_program().to_string_lossy().into_owned();
    for argument in command.get_args() {
        shown.push(' ');
        shown.push_str(&shell_word(&argument.to_string_lossy()));
    }
    redact_credentials(&shown)
}

/// The text as one word of a POSIX shell, in quotes if it needs them.
pub fn shell_word(text: &str) -> Cow<'_, str> {
    let plain = |c: char| c.is_alphanumeric() || "-_=./:,+@%".contains(c);
    if !text.is_empty() && text.chars().all(plain) {
        return text.into();
    }
    format!("'{}'", text.replace('\'', r"'\''")).into()
}

/// The text with `***` instead of the user and the password in every URL.
pub fn redact_credentials(text: &str) -> String {
    let mut parts = text.split("://");
    let mut shown = parts.next().unwrap_or_default().to_owned();
    for part in parts {
        let ends = |c: char| c.is_whitespace() || "/?#'\"`<>".contains(c);
        let host = &part[..part.find(ends).unwrap_or(part.len())];
        shown.push_str("://");
        match host.rfind('@') {
            Some(at) => shown.push_str(&format!("***{}", &part[at..])),
            None => shown.push_str(part),
        }
    }
    shown
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_are_quoted_for_a_shell() {
        assert_eq!(shell_word("/home/ä/scan-2"), "/home/ä/scan-2");
        assert_eq!(shell_word("it's here"), r"'it'\''s here'");
        assert_eq!(shell_word(""), "''");
    }

    #[test]
    fn a_failure_shows_command_folder_status_tail_and_log() {
        let folder = tempfile::tempdir().unwrap();
        let log = folder.path().join("logs/it.log");
        let mut command = Command::new("sh");
        command
            .args(["-c", "for i in $(seq 30); do echo line $i; done; exit 3"])
            .current_dir(folder.path());
        let mut lines = 0;
        let error = run_logged(&mut command, &log, |_| lines += 1).unwrap_err().to_string();
        assert_eq!(lines, 30);
        assert!(error.contains("`sh -c 'for i in"), "{error}");
        assert!(error.contains(&folder.path().display().to_string()), "{error}");
        assert!(error.contains("exit status: 3"), "{error}");
        assert!(error.contains("| line 30") && !error.contains("| line 10\n"), "{error}");
        let text = fs::read_to_string(log).unwrap();
        assert!(text.starts_with("$ sh -c") && text.contains("line 1\n"), "{text}");
    }

    #[test]
    fn xshell_and_std_commands_report_their_failures() {
        let shell = Shell::new().unwrap();
        let word = "two words";
        assert_eq!(output(cmd!(shell, "echo {word}")).unwrap(), word);
        assert_eq!(output(Command::new("echo").arg(word)).unwrap(), word);
        run_checked(cmd!(shell, "true")).unwrap();
        let script = "echo http://me:secret@host >&2; exit 3";
        let fails = || cmd!(shell, "sh -c {script}");
        let error = output(fails()).unwrap_err().to_string();
        let shown = "failed to run `sh -c 'echo http://***@host >&2; exit 3'`: exit status: 3";
        assert_eq!(error, format!("{shown}\n  | http://***@host"));
        let error = run_checked(fails()).unwrap_err().to_string();
        assert_eq!(error, format!("{shown}; its output is above"));
        assert_eq!(wait_with_output(fails()).unwrap().status.code(), Some(3));
        let error = output(cmd!(shell, "/nowhere/git status")).unwrap_err();
        assert!(format!("{error:#}").starts_with("failed to start `/nowhere/git status`: "));
    }

    #[test]
    fn credentials_in_urls_are_redacted() {
        for (text, shown) in [
            ("https://me:secret@host/simple/", "https://***@host/simple/"),
            ("in https://token@host: 401", "in https://***@host: 401"),
            (
                "'http://a:b@c' 'http://d:p@ss@e/@f'",
                "'http://***@c' 'http://***@e/@f'",
            ),
            ("https://host/a@b me@host", "https://host/a@b me@host"),
            ("a://", "a://"),
        ] {
            assert_eq!(redact_credentials(text), shown);
        }
    }

    #[test]
    fn errors_and_logs_redact_passwords() {
        let folder = tempfile::tempdir().unwrap();
        let log = folder.path().join("log");
        let mut command = Command::new("sh");
        let say = "echo Looking in indexes: $1; echo $1: refused >&2; exit 1";
        command.args(["-c", say, "sh", "https://someone:secret@index.example/simple"]);
        let mut seen = String::new();
        let error = run_logged(&mut command, &log, |line| seen.push_str(line)).unwrap_err();
        for text in [error.to_string(), fs::read_to_string(&log).unwrap(), seen] {
            assert!(text.contains("https://***@index.example/simple"), "{text}");
            assert!(!text.contains("secret") && !text.contains("someone"), "{text}");
        }
    }

    #[test]
    fn a_missing_program_is_named() {
        let folder = tempfile::tempdir().unwrap();
        let mut command = Command::new("/nowhere/cmake");
        let error = run_logged(&mut command, &folder.path().join("log"), |_| ()).unwrap_err();
        assert!(format!("{error:#}").contains("failed to start `/nowhere/cmake`"));
    }
}
