//! A function's package for tests, which cargo has not read.

use std::path::Path;

use crate::function_package::FunctionPackage;
use crate::workspace::Workspace;

/// The first of `members`, which are the folders of all packages in the workspace `root`.
pub fn function_package(root: &Path, members: &[&str]) -> FunctionPackage {
    let all = members.iter();
    let all: Vec<_> = all
        .map(|&name| (name.to_owned(), root.join(name).join("Cargo.toml")))
        .collect();
    FunctionPackage {
        workspace: Workspace::at(root),
        manifest: all[0].1.clone(),
        members: all,
        package: members[0].to_owned(),
        version: "1.2.3".to_owned(),
        license: "MIT".to_owned(),
        repository: String::new(),
        description: String::new(),
        name: members[0].to_owned(),
        recipe: root.join("opencv.toml"),
        binary: "bootstrap".to_owned(),
        features: Vec::new(),
        assets: Vec::new(),
        environment: [].into(),
        memory: None,
        timeout: None,
        photo: None,
        samples: Vec::new(),
        unlinked_libraries: Vec::new(),
        python_reference: false,
        audit: None,
        is_default: false,
    }
}
