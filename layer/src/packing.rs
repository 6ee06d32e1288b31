//! How a layer is packed, as its media type says.

use oci_spec::image::MediaType;

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
