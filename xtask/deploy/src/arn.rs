//! Amazon resource names. Their parts can be placeholders of a template language, such as `${AWS::Region}`.

/// The service of an ARN, such as `sqs`.
pub fn service(arn: &str) -> &str {
    arn.split(':').nth(2).unwrap_or_default()
}

/// The account and the Region in which a function is deployed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Scope {
    pub partition: String,
    pub region: String,
    pub account: String,
}

impl Scope {
    pub fn bucket(&self, name: &str) -> String {
        format!("arn:{}:s3:::{name}", self.partition)
    }

    /// `key` may contain `*`.
    pub fn object(&self, bucket: &str, key: &str) -> String {
        format!("{}/{key}", self.bucket(bucket))
    }

    pub fn role(&self, name: &str) -> String {
        format!("arn:{}:iam::{}:role/{name}", self.partition, self.account)
    }

    pub fn queue(&self, name: &str) -> String {
        self.regional("sqs", name)
    }

    pub fn function(&self, name: &str) -> String {
        self.regional("lambda", &format!("function:{name}"))
    }

    /// Whether an ARN is that of this function, or of a version or an alias of it.
    pub fn is_function(&self, name: &str, arn: &str) -> bool {
        let rest = arn.strip_prefix(&self.function(name));
        rest.is_some_and(|rest| rest.is_empty() || rest.starts_with(':'))
    }

    pub fn alias(&self, function: &str, alias: &str) -> String {
        self.function(&format!("{function}:{alias}"))
    }

    pub fn log_group(&self, name: &str) -> String {
        self.regional("logs", &format!("log-group:{name}"))
    }

    pub fn repository(&self, name: &str) -> String {
        self.regional("ecr", &format!("repository/{name}"))
    }

    /// The host of the account's registry.
    pub fn registry(&self) -> String {
        let suffix = if self.partition == "aws-cn" { ".cn" } else { "" };
        format!("{}.dkr.ecr.{}.amazonaws.com{suffix}", self.account, self.region)
    }

    fn regional(&self, service: &str, resource: &str) -> String {
        let Self {
            partition,
            region,
            account,
        } = self;
        format!("arn:{partition}:{service}:{region}:{account}:{resource}")
    }
}

#[cfg(test)]
mod tests {
    use crate::plan::tests::scope;

    #[test]
    fn aliases_and_versions_are_of_their_function() {
        let function = scope().function("thumbs");
        for (arn, expected) in [
            (function.clone(), true),
            (scope().alias("thumbs", "live"), true),
            (scope().function("thumbs-2"), false),
            (scope().alias("worker", "live"), false),
        ] {
            assert_eq!(scope().is_function("thumbs", &arn), expected, "{arn}");
        }
    }
}
