// Written by `cargo xtask deploy --emit cdk`. Change the settings of the deployment and run it
// again, or edit this file, which then is not overwritten.

import * as path from 'node:path';
import * as cdk from 'aws-cdk-lib';
import { Construct } from 'constructs';

import { ThumbsFunction } from './function';

class ThumbsStack extends cdk.Stack {
  constructor(scope: Construct, id: string) {
    super(scope, id);
    const archive = path.resolve('function.zip');
    const fn = new ThumbsFunction(this, 'Function', { archive });
    new cdk.CfnOutput(this, 'Alias', { value: fn.alias.functionArn });
    new cdk.CfnOutput(this, 'Url', { value: fn.url.url });
  }
}

new ThumbsStack(new cdk.App(), 'Thumbs');
