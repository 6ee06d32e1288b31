//! Nothing: without a build script cargo takes no notice of build dependencies.

fn main() {}
