//! A plan as a construct of the AWS CDK in TypeScript, with the app that deploys it.
//! <https://docs.aws.amazon.com/cdk/api/v2/docs/aws-cdk-lib.aws_lambda-readme.html>

mod construct;
mod events;

use super::strings;
use super::template::{ARCHIVE, EmitFormat, EmittedFile, header};
use super::typescript::string;
use crate::plan::Plan;

/// The releases of npm's packages that the test of the templates uses, or newer ones.
const PACKAGES: [(&str, &str); 5] = [
    ("@types/node", "^26.6.7"),
    ("aws-cdk", "^2.1148.1"),
    ("aws-cdk-lib", "^2.276.0"),
    ("constructs", "^10.8.1"),
    ("typescript", "^7.0.2"),
];

pub(super) fn files(plan: &Plan) -> Vec<EmittedFile> {
    vec![
        EmittedFile::new("function.ts", construct::text(plan)),
        EmittedFile::new("app.ts", app(plan)),
        EmittedFile::new("package.json", package(plan)),
        EmittedFile::new("tsconfig.json", COMPILER_OPTIONS.to_owned()),
        EmittedFile::new("cdk.json", APP.to_owned()),
        EmittedFile::new(
            ".gitignore",
            "build/\ncdk.out/\nfunction.zip\nnode_modules/\n".to_owned(),
        ),
    ]
}

fn app(plan: &Plan) -> String {
    let class = construct::class(plan);
    let head = strings::comment("//", 0, &header(EmitFormat::Cdk));
    let (imports, code) = match plan.is_image() {
        true => (
            "",
            "    // A parameter of the stack would not do: a new image must make a new version of the function.\n    \
             const imageUri: string = this.node.getContext('imageUri');\n"
                .to_owned(),
        ),
        false => (
            "import * as path from 'node:path';\n",
            format!("    const archive = path.resolve({});\n", string(ARCHIVE)),
        ),
    };
    let prop = if plan.is_image() { "imageUri" } else { "archive" };
    // Names of stacks have no `_`, and begin with a letter.
    let stack = class.trim_end_matches("Function");
    let stack = if stack.is_empty() { "Function" } else { stack };
    let mut outputs = "    new cdk.CfnOutput(this, 'Alias', { value: fn.alias.functionArn });\n".to_owned();
    if plan.url.is_some() {
        outputs += "    new cdk.CfnOutput(this, 'Url', { value: fn.url.url });\n";
    }
    if plan.failed_queue_name().is_some() {
        outputs += "    new cdk.CfnOutput(this, 'FailedQueueUrl', { value: fn.failedQueue.queueUrl });\n";
    }
    format!(
        "{head}\n{imports}import * as cdk from 'aws-cdk-lib';\nimport {{ Construct }} from 'constructs';\n\n\
         import {{ {class} }} from './function';\n\n\
         class {stack}Stack extends cdk.Stack {{\n  constructor(scope: Construct, id: string) {{\n    super(scope, id);\n\
         {code}    const fn = new {class}(this, 'Function', {{ {prop} }});\n{outputs}  }}\n}}\n\n\
         new {stack}Stack(new cdk.App(), {});\n",
        string(stack)
    )
}

fn package(plan: &Plan) -> String {
    let packages = PACKAGES.map(|(name, version)| format!("    \"{name}\": \"{version}\""));
    format!(
        "{{\n  \"name\": \"deploy-{}\",\n  \"private\": true,\n  \"dependencies\": {{\n{}\n  }}\n}}\n",
        // npm's names have no capital letters.
        plan.name.to_ascii_lowercase(),
        packages.join(",\n")
    )
}

const COMPILER_OPTIONS: &str = r#"{
  "compilerOptions": {
    "module": "nodenext",
    "noUnusedLocals": true,
    "outDir": "build",
    "rootDir": ".",
    "skipLibCheck": true,
    "strict": true,
    "target": "es2022",
    "types": ["node"]
  },
  "files": ["app.ts"]
}
"#;

/// Types are checked before anything is deployed.
const APP: &str = r#"{
  "app": "npx tsc && node build/app.js"
}
"#;
