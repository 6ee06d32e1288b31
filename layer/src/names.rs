//! What others call things: architectures as Go and rustc do, and layers as media types do.

use oci_spec::image::{Arch, MediaType};

/// How the tar archive of a layer is packed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Packing {
    /// Not at all.
    None,
    /// gzip, in one member or several.
    Gzip,
}

/// How the layer of a media type is packed, if we know.
pub(crate) fn packing(kind: &MediaType) -> Option<Packing> {
    match kind.to_string().as_str() {
        "application/vnd.oci.image.layer.v1.tar+gzip"
        | "application/vnd.docker.image.rootfs.diff.tar.gzip"
        | "application/vnd.docker.image.rootfs.foreign.diff.tar.gzip" => Some(Packing::Gzip),
        "application/vnd.oci.image.layer.v1.tar"
        | "application/vnd.docker.image.rootfs.diff.tar" => Some(Packing::None),
        _ => None,
    }
}

/// Go's name of an architecture, which OCI and registries use, from rustc's.
pub fn go_name(name: &str) -> String {
    go_architecture(name).to_string()
}

pub(crate) fn go_architecture(name: &str) -> Arch {
    match name {
        "x86_64" => Arch::Amd64,
        "aarch64" => Arch::ARM64,
        other => Arch::Other(other.to_owned()),
    }
}

/// And back.
pub(crate) fn rust_name(name: &Arch) -> String {
    match name {
        Arch::Amd64 => "x86_64".to_owned(),
        Arch::ARM64 => "aarch64".to_owned(),
        other => other.to_string(),
    }
}
