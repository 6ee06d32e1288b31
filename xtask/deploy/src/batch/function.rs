//! The deployed function, and where it is.

use std::path::PathBuf;

use anyhow::Result;
use package::function_package::{FunctionPackage, PackageArguments};
use package::workspace::Workspace;

use crate::arn::Scope;
use crate::aws::Aws;
use crate::deploy::Target;
use crate::function_version::FunctionVersion;
use crate::plan::Plan;
use crate::plan::access::Access;
use crate::settings::Settings;

pub struct BatchFunction {
    pub plan: Plan,
    pub scope: Scope,
    pub version: FunctionVersion,
    /// For manifests and reports.
    pub folder: PathBuf,
}

impl BatchFunction {
    /// # Errors
    /// It is not deployed.
    pub fn find(aws: &mut Aws, package: &PackageArguments, target: &Target) -> Result<Self> {
        let workspace = Workspace::find();
        let package = FunctionPackage::find(&workspace, package)?;
        let options = Settings {
            name: target.name.clone(),
            alias: target.alias.clone(),
            ..Settings::default()
        };
        let settings = options.or(Settings::read(&package.manifest)?);
        let scope = aws.scope()?;
        // The architecture does not matter for a function that is there.
        let architecture = opencv_build::Architecture::X86_64;
        let plan = Plan::new(&package, architecture, &settings, Access::default())?;
        let version = FunctionVersion::find(aws, &plan.name, target.alias.as_deref(), &settings)?;
        Ok(Self {
            folder: workspace.target_dir().join("batch").join(&plan.name),
            plan,
            scope,
            version,
        })
    }

    /// That of the alias, if it has one.
    pub fn arn(&self) -> String {
        match &self.version.alias {
            Some(alias) => self.scope.alias(&self.version.name, alias),
            None => self.scope.function(&self.version.name),
        }
    }
}
