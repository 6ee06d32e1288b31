//! A program of the sample document: components of files of functions, about as many and as large as the function has.

use crate::size::part::{Kind, Part};

/// Components of a function with about the megabytes that they have, in kB, and names as they have them.
const COMPONENTS: [(&str, u64, Names); 14] = [
    ("OpenCV imgproc", 620, Names::Cpp),
    ("OpenCV core", 540, Names::Cpp),
    ("unwind tables", 905, Names::Section),
    ("aws-lc / ring", 430, Names::C),
    ("rustls", 410, Names::Rust),
    ("cascades", 243, Names::File),
    ("OpenCV objdetect", 190, Names::Cpp),
    ("hyper", 330, Names::Rust),
    ("libjpeg-turbo", 280, Names::C),
    ("tokio", 310, Names::Rust),
    ("std", 290, Names::Rust),
    ("libc++", 210, Names::Cpp),
    ("libwebp", 160, Names::C),
    ("serde_json", 90, Names::Rust),
];

#[derive(Clone, Copy)]
enum Names {
    Cpp,
    C,
    Rust,
    File,
    Section,
}

/// Numbers without order, the same each time. Knuth's linear congruential generator (MMIX).
pub struct Numbers(pub u64);

impl Numbers {
    /// The next one, below `most`.
    pub fn below(&mut self, most: u64) -> u64 {
        self.0 = self
            .0
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1_442_695_040_888_963_407);
        (self.0 >> 33) % most
    }

    fn one_of<T: Copy>(&mut self, all: &[T]) -> T {
        let place = usize::try_from(self.below(all.len() as u64)).unwrap_or_default();
        all[place]
    }
}

/// Components of files of functions. The earlier report lacks some, has others, and has other sizes.
pub fn bootstrap(earlier: bool) -> Part {
    let mut numbers = Numbers(7);
    let mut components: Vec<_> = COMPONENTS
        .iter()
        .map(|&(name, kilobytes, names)| component(&mut numbers, name, kilobytes, names, earlier))
        .collect();
    components.push(Part::leaf("padding", 41_337, Kind::Padding));
    components.push(Part::whole(
        "relocations",
        vec![
            Part::leaf(".rela.dyn", 310_224, Kind::Relocations),
            Part::leaf(".dynsym", 3_120, Kind::Linking),
        ],
    ));
    Part::whole("bootstrap", components)
}

fn component(
    numbers: &mut Numbers,
    name: &str,
    kilobytes: u64,
    names: Names,
    earlier: bool,
) -> Part {
    let (files, functions) = match names {
        Names::Section => (1, 3),
        Names::File => (1, 5),
        _ => (14, 28),
    };
    let mut left = kilobytes * 1000;
    let mut parts = Vec::new();
    for file in 0..files {
        // Few are large, most are small.
        let share = if file + 1 == files {
            left
        } else {
            left / (3 + numbers.below(5))
        };
        left -= share;
        let leaves = leaves(numbers, (file, functions), share, names, earlier);
        parts.push(Part::whole(file_name(names, file), leaves));
    }
    Part::whole(name, parts)
}

fn leaves(
    numbers: &mut Numbers,
    (file, functions): (u64, u64),
    bytes: u64,
    names: Names,
    earlier: bool,
) -> Vec<Part> {
    let mut left = bytes;
    let mut parts = Vec::new();
    for at in 0..functions {
        let last = at + 1 == functions;
        let own = if last {
            left
        } else {
            left / (2 + numbers.below(12))
        };
        left -= own;
        let kind = match names {
            Names::Section => Kind::Unwind,
            Names::File => Kind::Constants,
            _ => numbers.one_of(&[
                Kind::Code,
                Kind::Code,
                Kind::Code,
                Kind::Constants,
                Kind::Data,
            ]),
        };
        let name = function_name(numbers, names, file * functions + at);
        let (chance, tenth) = (numbers.below(40), numbers.below(9));
        let own = match chance {
            0 if earlier => continue,
            1 if !earlier => continue,
            2..5 if earlier => own * (6 + tenth) / 10,
            _ => own,
        };
        if own > 0 {
            parts.push(Part::leaf(name, own, kind));
        }
    }
    parts
}

fn file_name(names: Names, at: u64) -> String {
    const WORDS: [&str; 14] = [
        "resize",
        "color_yuv",
        "filter",
        "matrix",
        "convert",
        "arithm",
        "cascadedetect",
        "morph",
        "imgwarp",
        "copy",
        "histogram",
        "thresh",
        "shapedescr",
        "system",
    ];
    let word = WORDS[usize::try_from(at).unwrap_or_default() % WORDS.len()];
    match names {
        Names::Cpp => format!("src/{word}.cpp"),
        Names::C => format!("{word}.c"),
        Names::Rust => format!("proto::{word}"),
        Names::File => "data".into(),
        Names::Section => "eh_frame".into(),
    }
}

fn function_name(numbers: &mut Numbers, names: Names, at: u64) -> String {
    const VERBS: [&str; 10] = [
        "resize",
        "convert",
        "read",
        "poll",
        "decode",
        "handshake",
        "drop",
        "write",
        "grow",
        "merge",
    ];
    const NOUNS: [&str; 8] = [
        "Mat", "Filter", "Buffer", "Stream", "Header", "Frame", "Error", "Table",
    ];
    let (verb, noun) = (numbers.one_of(&VERBS), numbers.one_of(&NOUNS));
    match names {
        Names::Cpp => format!(
            "cv::(anonymous namespace)::{verb}{noun}_{at}<unsigned char, cv::Vec<float, 4> >(cv::Mat const&, cv::Mat&, std::__1::vector<int, std::__1::allocator<int> > const&)"
        ),
        Names::C => format!("{verb}_{noun}_{at}").to_lowercase(),
        Names::Rust => format!(
            "<core::pin::Pin<P> as core::future::future::Future>::{verb}::{noun}{at}::{{{{closure}}}}"
        ),
        Names::File => format!("haarcascade_{verb}_{at}.json.deflate"),
        Names::Section => [".eh_frame", ".eh_frame_hdr", ".gcc_except_table"]
            [usize::try_from(at % 3).unwrap_or_default()]
        .into(),
    }
}
