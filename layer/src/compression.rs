//! The compression of layers and archives, recognized by their first bytes as container engines do, and not by names or
//! media types.

use std::io::{self, BufRead, Read};

use flate2::bufread::MultiGzDecoder;
use ruzstd::decoding::errors::{FrameDecoderError, ReadFrameHeaderError};
use ruzstd::decoding::{BlockDecodingStrategy, FrameDecoder};

/// The compression of a tar archive.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[expect(missing_docs, reason = "the names are self-explanatory")]
pub enum Compression {
    None,
    /// A gzip file with one or several members.
    Gzip,
    /// One or several frames of Zstandard.
    Zstd,
}

impl Compression {
    /// The number of bytes that [`Compression::detect`] needs.
    pub(crate) const MAGIC_LENGTH: u64 = 4;

    /// The compression of data that begins with `start`. Sources: RFC 1952, section 2.3.1; RFC 8878, section 3.1.
    pub fn detect(start: &[u8]) -> Self {
        match start {
            [0x1f, 0x8b, ..] => Self::Gzip,
            // A frame, or a skippable frame.
            [0x28, 0xb5, 0x2f, 0xfd, ..] | [0x50..=0x5f, 0x2a, 0x4d, 0x18, ..] => Self::Zstd,
            _ => Self::None,
        }
    }
}

/// Decompresses `reader`. Damaged data is an error of the returned reader.
pub(crate) fn decompress<'a>(reader: impl BufRead + 'a, compression: Compression) -> Box<dyn Read + 'a> {
    match compression {
        Compression::None => Box::new(reader),
        Compression::Gzip => Box::new(MultiGzDecoder::new(reader)),
        Compression::Zstd => Box::new(ZstdReader {
            source: reader,
            decoder: FrameDecoder::new(),
        }),
    }
}

struct ZstdReader<R> {
    source: R,
    decoder: FrameDecoder,
}

impl<R: BufRead> Read for ZstdReader<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        loop {
            if self.decoder.can_collect() > 0 {
                return self.decoder.read(buffer);
            }
            if !self.decoder.is_finished() {
                let strategy = BlockDecodingStrategy::UptoBlocks(1);
                let decoded = self.decoder.decode_blocks(&mut self.source, strategy);
                decoded.map_err(io::Error::other)?;
                continue;
            }
            if self.source.fill_buf()?.is_empty() {
                return Ok(0);
            }
            match self.decoder.reset(&mut self.source) {
                Ok(()) => {}
                // Podman's zstd:chunked keeps a table of contents in such frames.
                Err(FrameDecoderError::ReadFrameHeaderError(ReadFrameHeaderError::SkipFrame { length, .. })) => {
                    let length = u64::from(length);
                    let skipped = io::copy(&mut self.source.by_ref().take(length), &mut io::sink())?;
                    if skipped < length {
                        return Err(io::ErrorKind::UnexpectedEof.into());
                    }
                }
                Err(error) => return Err(io::Error::other(error)),
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use ruzstd::encoding::{CompressionLevel, compress_to_vec};

    use super::*;

    fn read(bytes: &[u8]) -> io::Result<Vec<u8>> {
        let mut content = Vec::new();
        let mut reader = decompress(bytes, Compression::detect(bytes));
        reader.read_to_end(&mut content)?;
        Ok(content)
    }

    #[test]
    fn frames_of_zstd_are_concatenated_and_skippable_ones_skipped() {
        let text = b"some text ".repeat(50_000);
        let frame = compress_to_vec(text.as_slice(), CompressionLevel::Fastest);
        let skippable = [&[0x5a, 0x2a, 0x4d, 0x18, 3, 0, 0, 0][..], b"abc"].concat();
        let whole = [skippable.as_slice(), &frame, &skippable, &frame].concat();
        assert_eq!(read(&whole).unwrap(), text.repeat(2));
        for end in [9, skippable.len() + 10, whole.len() - 3] {
            assert!(read(&whole[..end]).is_err(), "{end}");
        }
        assert!(read(&[frame.as_slice(), b"garbage"].concat()).is_err());
    }

    #[test]
    fn other_data_is_unchanged() {
        assert_eq!(read(b"plain").unwrap(), b"plain");
        assert_eq!(read(b"").unwrap(), b"");
        assert!(read(&[0x1f, 0x8b, 8]).is_err());
    }
}
