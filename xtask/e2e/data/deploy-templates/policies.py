"""Prints as JSON who may do what in a template, with an account instead of its placeholders: the policies of the
function's role, and the statements that permit anyone to invoke the function.

    policies.py sam|cdk|terraform FILE

A SAM template is transformed as CloudFormation does. FILE of the CDK is what it synthesized.
"""
import json
import sys
from pathlib import Path

VALUES = {"AWS::Partition": "aws", "AWS::Region": "eu-central-1", "AWS::AccountId": "123456789012"}
REFERENCES = {
    "data.aws_partition.current.partition": "aws",
    "data.aws_region.current.region": "eu-central-1",
    "data.aws_caller_identity.current.account_id": "123456789012",
}


def cloudformation(resources):
    def of_type(kind):
        return [it["Properties"] for it in resources.values() if it["Type"] == kind]

    (role,) = [it for it in of_type("AWS::IAM::Role") if "RoleName" in it]
    (policy,) = role["Policies"]
    assert "ManagedPolicyArns" not in role, role
    permissions = [it for it in of_type("AWS::Lambda::Permission") if it["Principal"] == "*"]
    return {
        "role": resolved(policy["PolicyDocument"]),
        "trust": resolved(role["AssumeRolePolicyDocument"]),
        "public": [
            [it["Action"], it.get("FunctionUrlAuthType"), it.get("InvokedViaFunctionUrl", False)] for it in permissions
        ],
    }


def resolved(value):
    """The value without the functions of CloudFormation that policies use."""
    if isinstance(value, list):
        return [resolved(item) for item in value]
    if not isinstance(value, dict):
        return value
    if value.keys() == {"Ref"}:
        return VALUES[value["Ref"]]
    if value.keys() == {"Fn::Join"}:
        separator, items = value["Fn::Join"]
        return separator.join(resolved(items))
    if value.keys() == {"Fn::Sub"}:
        text = value["Fn::Sub"]
        for name, known in VALUES.items():
            text = text.replace("${" + name + "}", known)
        return text.replace("${!", "${")
    return {key: resolved(item) for key, item in value.items()}


def sam(path):
    from cfnlint.decode import cfn_yaml
    from samtranslator.parser.parser import Parser
    from samtranslator.translator.translator import Translator

    template = json.loads(json.dumps(cfn_yaml.load(str(path))))
    function = template["Resources"]["Function"]["Properties"]
    if "CodeUri" in function:
        # `sam deploy` replaces the path.
        function["CodeUri"] = "s3://bucket/key"
    # Only for the names of managed policies, of which there are none.
    translator = Translator({}, Parser())
    return cloudformation(translator.translate(template, {"ImageUri": "image"})["Resources"])


def cdk(path):
    return cloudformation(json.loads(path.read_text())["Resources"])


def terraform(path):
    resources = {}
    for block in parsed(path.read_text())["resource"]:
        for kind, named in block.items():
            resources.setdefault(kind, []).extend(named.values())
    (role,) = resources["aws_iam_role"]
    (policy,) = resources["aws_iam_role_policy"]
    assert "aws_iam_role_policy_attachment" not in resources
    permissions = [it for it in resources.get("aws_lambda_permission", []) if it["principal"] == "*"]
    return {
        "role": document(policy["policy"]),
        "trust": document(role["assume_role_policy"]),
        "public": [
            [it["action"], it.get("function_url_auth_type"), it.get("invoked_via_function_url", False)]
            for it in permissions
        ],
    }


def parsed(text):
    import hcl2

    options = hcl2.SerializationOptions(strip_string_quotes=True, explicit_blocks=False, with_comments=False)
    return hcl2.loads(text, serialization_options=options)


def document(expression):
    """The argument of `jsonencode`, which the parser leaves as it is."""
    start, end = "${jsonencode(", ")}"
    assert expression.startswith(start) and expression.endswith(end), expression
    text = expression[len(start) : -len(end)]
    for name, known in REFERENCES.items():
        text = text.replace("${" + name + "}", known).replace(name, f'"{known}"')
    return parsed(f"value = {text}\n")["value"]


if __name__ == "__main__":
    _, kind, name = sys.argv
    print(json.dumps({"sam": sam, "cdk": cdk, "terraform": terraform}[kind](Path(name))))
