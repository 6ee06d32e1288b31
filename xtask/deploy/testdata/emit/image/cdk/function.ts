// Written by `cargo xtask deploy --emit cdk`. Change the settings of the deployment and run it
// again, or edit this file, which then is not overwritten.

import * as cdk from 'aws-cdk-lib';
import * as iam from 'aws-cdk-lib/aws-iam';
import * as lambda from 'aws-cdk-lib/aws-lambda';
import * as logs from 'aws-cdk-lib/aws-logs';
import { Construct } from 'constructs';

export interface ThumbsFunctionProps {
  /** The image in a private repository of ECR, by its digest: REGISTRY/NAME@sha256:DIGEST. */
  readonly imageUri: string;
}

/** Makes thumbnails */
export class ThumbsFunction extends Construct {
  /** What to invoke. */
  public readonly alias: lambda.Alias;
  public readonly url: lambda.FunctionUrl;

  constructor(scope: Construct, id: string, props: ThumbsFunctionProps) {
    super(scope, id);

    // What the function may do, and nothing else: constructs that are given an imported role add
    // nothing to it.
    const role = new iam.CfnRole(this, 'Role', {
      roleName: 'thumbs-role',
      assumeRolePolicyDocument: {
        Version: '2012-10-17',
        Statement: [
          {
            Effect: 'Allow',
            Principal: {
              Service: 'lambda.amazonaws.com',
            },
            Action: 'sts:AssumeRole',
          },
        ],
      },
      policies: [
        {
          policyName: 'thumbs',
          policyDocument: {
            Version: '2012-10-17',
            Statement: [
              {
                Sid: 'WriteLogs',
                Effect: 'Allow',
                Action: ['logs:CreateLogStream', 'logs:PutLogEvents'],
                Resource: `arn:${cdk.Aws.PARTITION}:logs:${cdk.Aws.REGION}:${cdk.Aws.ACCOUNT_ID}:log-group:/aws/lambda/thumbs:*`,
              },
            ],
          },
        },
      ],
    });
    const functionRole = iam.Role.fromRoleArn(this, 'FunctionRole', role.attrArn, {
      mutable: false,
    });

    // Made here, because the function's role may not make it and Lambda would keep logs for ever.
    const logGroup = new logs.LogGroup(this, 'LogGroup', {
      logGroupName: '/aws/lambda/thumbs',
      retention: 14,
      removalPolicy: cdk.RemovalPolicy.DESTROY,
    });

    const fn = new lambda.Function(this, 'Function', {
      functionName: 'thumbs',
      description: 'Makes thumbnails',
      code: new ImageCode(props.imageUri),
      handler: lambda.Handler.FROM_IMAGE,
      runtime: lambda.Runtime.FROM_IMAGE,
      architecture: lambda.Architecture.ARM_64,
      memorySize: 1024,
      timeout: cdk.Duration.seconds(20),
      environment: {
        PHOTO_OUTPUT: 'both',
      },
      role: functionRole,
      logGroup,
      currentVersionOptions: { removalPolicy: cdk.RemovalPolicy.RETAIN },
    });
    // The CDK's own property accepts only the runtimes that its release knows to have SnapStart.
    const resource = fn.node.defaultChild as lambda.CfnFunction;
    resource.snapStart = { applyOn: 'PublishedVersions' };

    // Each change publishes a version, to which the alias moves. Earlier ones are kept.
    this.alias = new lambda.Alias(this, 'Alias', {
      aliasName: 'live',
      version: fn.currentVersion,
    });

    // Callers sign requests, and need lambda:InvokeFunctionUrl and lambda:InvokeFunction.
    this.url = this.alias.addFunctionUrl({ authType: lambda.FunctionUrlAuthType.AWS_IAM });
  }
}

/** An image that is in a registry already. */
class ImageCode extends lambda.Code {
  public readonly isInline = false;

  constructor(private readonly imageUri: string) {
    super();
  }

  public bind(): lambda.CodeConfig {
    return { image: { imageUri: this.imageUri } };
  }
}
