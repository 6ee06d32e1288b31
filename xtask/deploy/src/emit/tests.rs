//! The files for all variants of plans, compared with `testdata/emit`. With `BLESS=1` they are written instead; read the
//! difference before you commit it.

use std::path::Path;

use fs_err as fs;

use super::strings::scope;
use super::*;
use crate::arn::Scope;
use crate::plan::tests::{plan, variants};

fn paths() -> ReadmePaths {
    ReadmePaths {
        package_options: " --package thumbs".to_owned(),
        archive: "target/image/x86_64/thumbs.zip".to_owned(),
        folder: "thumbs/deploy".to_owned(),
    }
}

/// The files of all formats, and `policies.json`: what the role may do in the account of [`crate::plan::tests::scope`].
/// The end-to-end test finds the same policies in the files with the tools of each format.
fn expected_files(plan: &Plan) -> Vec<EmittedFile> {
    let mut files = Vec::new();
    for format in EmitFormat::ALL {
        let emitted = emit(plan, format, &paths()).into_iter();
        files.extend(emitted.map(|file| EmittedFile {
            name: format!("{}/{}", format.name(), file.name),
            ..file
        }));
    }
    let scope = crate::plan::tests::scope();
    let policies = serde_json::json!({"role": plan.role_policy(&scope), "trust": Plan::trust_policy()});
    let mut sorted = policies.clone();
    sorted.sort_all_objects();
    files.push(EmittedFile::new("policies.json", format!("{sorted:#}\n")));
    files
}

#[test]
fn files_are_the_expected_ones() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("testdata/emit");
    let bless = std::env::var_os("BLESS").is_some();
    for (variant, plan) in variants() {
        for file in expected_files(&plan) {
            let path = folder.join(variant).join(&file.name);
            if bless {
                fs::create_dir_all(path.parent().unwrap()).unwrap();
                fs::write(&path, &file.text).unwrap();
            }
            let expected = fs::read_to_string(&path).unwrap();
            assert!(
                file.text == expected,
                "{} differs; `BLESS=1 cargo test -p deploy` writes it",
                path.display()
            );
        }
    }
}

/// The text of the main file, with an account instead of the placeholders of its language, and without line breaks,
/// indentation and quotes.
fn with_account(plan: &Plan, format: EmitFormat, scope: &Scope) -> String {
    let text = emit(plan, format, &paths()).swap_remove(0).text;
    let placeholders = match format {
        EmitFormat::Sam => ["${AWS::Partition}", "${AWS::Region}", "${AWS::AccountId}"],
        EmitFormat::Cdk => ["${cdk.Aws.PARTITION}", "${cdk.Aws.REGION}", "${cdk.Aws.ACCOUNT_ID}"],
        EmitFormat::Terraform => [
            "${data.aws_partition.current.partition}",
            "${data.aws_region.current.region}",
            "${data.aws_caller_identity.current.account_id}",
        ],
    };
    let values = [&scope.partition, &scope.region, &scope.account];
    placeholders
        .iter()
        .zip(values)
        .fold(text, |text, (placeholder, value)| text.replace(placeholder, value))
}

#[test]
fn every_action_and_resource_of_the_role_is_in_every_format() {
    let scope = crate::plan::tests::scope();
    for (variant, plan) in variants() {
        let policy = plan.role_policy(&scope);
        for format in EmitFormat::ALL {
            let text = with_account(&plan, format, &scope);
            for statement in policy["Statement"].as_array().unwrap() {
                for key in ["Sid", "Action", "Resource"] {
                    let value = &statement[key];
                    let all = value.as_array().cloned().unwrap_or_else(|| vec![value.clone()]);
                    for value in all {
                        let value = value.as_str().unwrap();
                        assert!(text.contains(value), "{variant} {format:?}: {value}");
                    }
                }
            }
            let has_marker = text.chars().any(|c| scope_markers().contains(c));
            assert!(!has_marker, "{variant} {format:?}");
        }
    }
}

fn scope_markers() -> String {
    let Scope {
        partition,
        region,
        account,
    } = scope();
    [partition, region, account].concat()
}

#[test]
fn texts_of_users_are_not_code() {
    let hostile = "${AWS::Region} %{if true} `'\"\n*/ #{x}";
    let plan = Plan {
        description: hostile.to_owned(),
        environment: [("A".to_owned(), hostile.to_owned())].into(),
        tags: [("t".to_owned(), hostile.to_owned())].into(),
        triggers: vec![crate::settings::S3Prefix {
            bucket: "photos".to_owned(),
            prefix: hostile.to_owned(),
        }],
        ..plan()
    };
    let sam = emit(&plan, EmitFormat::Sam, &paths()).swap_remove(0).text;
    assert!(sam.contains(r#"A: "${AWS::Region} %{if true} `'\"\n*/ #{x}""#), "{sam}");
    let terraform = emit(&plan, EmitFormat::Terraform, &paths()).swap_remove(0).text;
    assert!(
        terraform.contains(r#""$${AWS::Region} %%{if true} `'\"\n*/ #{x}""#),
        "{terraform}"
    );
    let cdk = emit(&plan, EmitFormat::Cdk, &paths()).swap_remove(0).text;
    assert!(cdk.contains(r#"'${AWS::Region} %{if true} `\'"\n*/ #{x}'"#), "{cdk}");
    assert!(cdk.contains("* / #{x} */\nexport class"), "{cdk}");
}
