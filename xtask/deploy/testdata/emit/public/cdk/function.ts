// Written by `cargo xtask deploy --emit cdk`. Change the settings of the deployment and run it
// again, or edit this file, which then is not overwritten.

import * as cdk from 'aws-cdk-lib';
import * as iam from 'aws-cdk-lib/aws-iam';
import * as lambda from 'aws-cdk-lib/aws-lambda';
import * as logs from 'aws-cdk-lib/aws-logs';
import * as s3 from 'aws-cdk-lib/aws-s3';
import * as notifications from 'aws-cdk-lib/aws-s3-notifications';
import { Construct } from 'constructs';

export interface ThumbsFunctionProps {
  /** The zip archive that `cargo xtask zip` writes. */
  readonly archive: string;
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
              {
                Sid: 'ReadObjects',
                Effect: 'Allow',
                Action: ['s3:GetObject', 's3:GetObjectVersion'],
                Resource: [`arn:${cdk.Aws.PARTITION}:s3:::photos/in/*`],
                Condition: {
                  StringEquals: {
                    's3:ResourceAccount': cdk.Aws.ACCOUNT_ID,
                  },
                },
              },
              {
                Sid: 'WriteObjects',
                Effect: 'Allow',
                Action: 's3:PutObject',
                Resource: [`arn:${cdk.Aws.PARTITION}:s3:::photos/out/in/*`],
                Condition: {
                  StringEquals: {
                    's3:ResourceAccount': cdk.Aws.ACCOUNT_ID,
                  },
                },
              },
              {
                Sid: 'SendFailedEvents',
                Effect: 'Allow',
                Action: 'sns:Publish',
                Resource: 'arn:aws:sns:eu-central-1:123456789012:failed',
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
      code: lambda.Code.fromAsset(props.archive),
      handler: 'bootstrap',
      runtime: lambda.Runtime.PROVIDED_AL2023,
      architecture: lambda.Architecture.X86_64,
      memorySize: 1024,
      timeout: cdk.Duration.seconds(20),
      environment: {
        PHOTO_OUTPUT: 'both',
      },
      role: functionRole,
      logGroup,
      currentVersionOptions: { removalPolicy: cdk.RemovalPolicy.RETAIN },
    });

    // Each change publishes a version, to which the alias moves. Earlier ones are kept.
    this.alias = new lambda.Alias(this, 'Alias', {
      aliasName: 'live',
      version: fn.currentVersion,
    });

    // Anyone may use the URL, at this account's expense. The CDK adds the two statements that this
    // needs: lambda:InvokeFunctionUrl, and lambda:InvokeFunction with lambda:InvokedViaFunctionUrl.
    this.url = this.alias.addFunctionUrl({ authType: lambda.FunctionUrlAuthType.NONE });

    // Where events go that failed after Lambda's retries.
    this.alias.configureAsyncInvoke({
      onFailure: { bind: () => ({ destination: 'arn:aws:sns:eu-central-1:123456789012:failed' }) },
    });

    const destination = new notifications.LambdaDestination(this.alias);
    // The bucket exists already. The CDK deploys a function of its own that adds these to the
    // bucket's notifications and keeps those of others; CloudFormation alone cannot.
    const bucket1 = s3.Bucket.fromBucketName(this, 'Bucket1', 'photos');
    bucket1.addEventNotification(s3.EventType.OBJECT_CREATED, destination, {
      prefix: 'in/',
    });
  }
}
