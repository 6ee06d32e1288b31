//! The commands that help after a refusal, which depend on the registry.

/// How to log in to a registry.
pub(crate) fn login(registry: &str) -> String {
    match amazon_region(registry) {
        Some((service, region)) => format!(
            "aws {service} get-login-password --region {region} | docker login --username AWS --password-stdin \
             {registry}"
        ),
        None => format!("docker login {registry}"),
    }
}

/// How to create a repository, as far as that is known.
pub(crate) fn create_repository(registry: &str, repository: &str) -> String {
    match amazon_region(registry) {
        Some((service, region)) => {
            format!("create it with `aws {service} create-repository --region {region} --repository-name {repository}`")
        }
        None => "create it or its project, if the registry does not do so at the first push".to_owned(),
    }
}

/// The service of the command line `aws` and the region of a registry of Amazon ECR. Source:
/// <https://docs.aws.amazon.com/AmazonECR/latest/userguide/Registries.html>.
fn amazon_region(registry: &str) -> Option<(&'static str, &str)> {
    if registry == "public.ecr.aws" {
        return Some(("ecr-public", "us-east-1"));
    }
    let mut labels = registry.split('.').skip(1);
    let service = (labels.next()?, labels.next()?);
    let region = labels.next()?;
    matches!(service, ("dkr", "ecr" | "ecr-fips")).then_some(("ecr", region))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn commands_are_for_the_registry() {
        let amazon = "123456789012.dkr.ecr.eu-west-1.amazonaws.com";
        let command = login(amazon);
        assert!(
            command.starts_with("aws ecr get-login-password --region eu-west-1 | "),
            "{command}"
        );
        assert!(command.ends_with(amazon), "{command}");
        let fips = "123456789012.dkr.ecr-fips.us-gov-west-1.amazonaws.com";
        assert!(login(fips).contains("--region us-gov-west-1 "));
        assert!(login("public.ecr.aws").contains("aws ecr-public get-login-password --region us-east-1 "));
        assert!(create_repository(amazon, "team/a").contains("--region eu-west-1 --repository-name team/a`"));
        for other in ["h.example:5000", "ecr.example", "a.dkr.ecr"] {
            assert_eq!(login(other), format!("docker login {other}"));
            assert!(create_repository(other, "a").contains("its project"));
        }
    }
}
