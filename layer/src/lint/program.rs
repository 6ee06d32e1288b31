//! The rules about an image's program, its interpreter or loader, and its libraries.

use super::finding::Findings;
use super::rule::Rule;
use crate::merged_file_system::MergedFileSystem;
use crate::program::image::{LayerContents, environment};
use crate::program::root::{Found, Root};
use crate::program::{Problem, ProblemKind, ProgramCheck};
use crate::source::Source;
use crate::validate::ValidatedImage;
use crate::{Result, TargetArchitecture};

/// The entry point of AWS's base images. It wants the handler as its only argument, and starts the runtime. Source: the
/// file in public.ecr.aws/lambda.
const AWS_ENTRYPOINT: &str = "/lambda-entrypoint.sh";
const AWS_RUNTIME: &str = "/var/runtime/bootstrap";

/// Where extensions are. Lambda starts everything in it that is not a folder. Source: `ListExternalAgentPaths` in
/// aws/aws-lambda-runtime-interface-emulator.
const EXTENSIONS: &str = "/opt/extensions";

pub(crate) fn lint(
    source: &dyn Source,
    image: &ValidatedImage,
    file_system: &MergedFileSystem,
    findings: &mut Findings,
) -> Result<()> {
    let config = &image.documents.config;
    let run = config.config().as_ref();
    let entrypoint = run.and_then(|run| run.entrypoint().as_ref());
    let command = run.and_then(|run| run.cmd().as_ref());
    let arguments = entrypoint.into_iter().chain(command).flatten();
    let arguments: Vec<_> = arguments.map(String::as_str).collect();
    let has_program = arguments.first().is_some_and(|program| !program.is_empty());
    if !has_program {
        findings.error(Rule::Entrypoint, "the configuration names no program");
    }
    // An architecture that Lambda does not offer has its own finding.
    let Some(architecture) = TargetArchitecture::from(config.architecture()).supported() else {
        return Ok(());
    };
    let descriptors: Vec<_> = image.layers.iter().map(|l| l.descriptor.clone()).collect();
    let contents = LayerContents {
        source,
        descriptors: &descriptors,
    };
    let check = ProgramCheck {
        root: &Root::new(file_system, &contents),
        environment: &environment(config),
        architecture,
        place: "in the image",
        system: None,
    };
    if has_program {
        program(&check, &arguments, file_system, findings)?;
    }
    for name in file_system.files_in(EXTENSIONS) {
        for problem in check.check(&format!("{EXTENSIONS}/{name}"))? {
            findings.add_problem(Rule::Extensions, &problem);
        }
    }
    Ok(())
}

/// Checks the program that `arguments` start.
fn program(
    check: &ProgramCheck<'_>,
    arguments: &[&str],
    file_system: &MergedFileSystem,
    findings: &mut Findings,
) -> Result<()> {
    let program = arguments[0];
    if !program.starts_with('/') {
        let found = format!("`{program}` is not an absolute path; it is searched in PATH or in the working directory");
        findings.warning(Rule::Entrypoint, found);
    }
    let Some(path) = check.find_in_path(program) else {
        let folders = check.environment.search_path.join(", ");
        let found = format!("`{program}` is not in the image's PATH ({folders})");
        findings.error(Rule::Entrypoint, found);
        return Ok(());
    };
    capabilities(file_system, &path, findings);
    let mut problems = check.check(&path)?;
    if program == AWS_ENTRYPOINT {
        aws_entrypoint(&arguments[1..], findings);
        problems.extend(check.check(AWS_RUNTIME)?);
    }
    interface_client(arguments, file_system, findings);
    if let Some(program) = wrapped_program(arguments)
        && check.root.find(program) != Found::Provided
    {
        problems.extend(check.check(program)?);
    }
    add_problems(problems, findings);
    Ok(())
}

fn add_problems(problems: Vec<Problem>, findings: &mut Findings) {
    for problem in problems {
        let rule = match problem.kind {
            ProblemKind::File => Rule::Entrypoint,
            ProblemKind::Architecture => Rule::Architecture,
            ProblemKind::Loader => Rule::Loader,
            ProblemKind::Glibc => Rule::Glibc,
        };
        findings.add_problem(rule, &problem);
    }
}

fn aws_entrypoint(arguments: &[&str], findings: &mut Findings) {
    if arguments.len() != 1 {
        let count = arguments.len();
        let found = format!(
            "`{AWS_ENTRYPOINT}` of AWS's base images takes one argument, the handler, and gets {count}; set CMD to the \
             handler in exec form, such as [\"app.handler\"], or override it with `--image-config Command=`"
        );
        findings.error(Rule::Entrypoint, found);
    }
}

/// The runtime interface client for Python needs its package, and the handler as its argument. Source: AWS, "Deploy
/// Python Lambda functions with container images", alternative base images.
fn interface_client(arguments: &[&str], file_system: &MergedFileSystem, findings: &mut Findings) {
    const CLIENT: &str = "awslambdaric";
    let Some(at) = arguments.windows(2).position(|pair| pair == ["-m", CLIENT]) else {
        return;
    };
    if !file_system.has_folder_named(CLIENT) {
        let found = format!("Python's package `{CLIENT}` is not in the image; install it with pip");
        findings.warning(Rule::Entrypoint, found);
    }
    if arguments.len() == at + 2 {
        let found = format!(
            "`{CLIENT}` gets no handler; set CMD to it, such as [\"app.handler\"], unless `--image-config Command=` \
             does"
        );
        findings.warning(Rule::Entrypoint, found);
    }
}

/// The program that a shell or an init program is told to start, if the command is as simple as `["/bin/sh", "-c",
/// "/a b"]` or `["/tini", "--", "/a"]`.
fn wrapped_program<'a>(arguments: &[&'a str]) -> Option<&'a str> {
    let [wrapper, rest @ ..] = arguments else {
        return None;
    };
    let program = match (wrapper.rsplit('/').next()?, rest) {
        ("sh" | "ash" | "bash" | "dash", ["-c", command, ..]) => {
            let command = command.trim_start();
            let command = command.strip_prefix("exec ").unwrap_or(command);
            command.split_ascii_whitespace().next()?
        }
        ("tini" | "dumb-init" | "catatonit", rest) => rest.iter().find(|argument| !argument.starts_with('-'))?,
        _ => return None,
    };
    let is_plain = |c: char| c.is_ascii_alphanumeric() || "/._-+".contains(c);
    (program.starts_with('/') && program.chars().all(is_plain)).then_some(program)
}

/// The kernel refuses to start a program whose capabilities the process may not have.
fn capabilities(file_system: &MergedFileSystem, program: &str, findings: &mut Findings) {
    let entry = file_system.resolve(program).map(|(_, entry)| entry);
    if entry.is_some_and(|entry| entry.attributes.iter().any(|name| name == "security.capability")) {
        let found = format!("`{program}` has file capabilities, which Lambda's processes may not have");
        findings.warning(Rule::Attributes, found);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn programs_of_shells_and_init_programs_are_recognized() {
        let program = |arguments: &[&'static str]| wrapped_program(arguments);
        assert_eq!(program(&["/bin/sh", "-c", "/a/b c"]), Some("/a/b"));
        assert_eq!(program(&["/bin/bash", "-c", " exec /a"]), Some("/a"));
        for command in ["cd /a && ./b", "A=b /c", "$A", "\"/a b\"", ""] {
            assert_eq!(wrapped_program(&["/bin/sh", "-c", command]), None, "{command}");
        }
        assert_eq!(program(&["/bin/python3", "-c", "/a"]), None);
        assert_eq!(program(&["/bin/sh", "/a"]), None);
        assert_eq!(program(&["/usr/bin/tini", "-g", "--", "/a", "/b"]), Some("/a"));
        assert_eq!(program(&["dumb-init", "/a"]), Some("/a"));
        assert_eq!(program(&["tini", "--", "node", "/a.js"]), None);
        assert_eq!(program(&["tini"]), None);
    }
}
