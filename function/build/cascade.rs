//! From a cascade as OpenCV ships it to one that reads to the same values in a twelfth of the bytes: as
//! JSON, which names things once and is read faster; every number with no more digits than it takes
//! to be the same one; in three columns, its skeleton, its whole numbers and its fractions, because
//! each for itself is more alike; and deflated.

/// The highest level that the compressor knows; it runs once, at build time.
const LEVEL: u8 = 10;
/// What takes a whole number's place in the skeleton, and a fraction's.
const PLACES: [char; 2] = ['#', '~'];

/// The cascade `xml`, deflated; `function::faces::packed` makes JSON of it.
///
/// # Errors
/// The text is not what a cascade looks like.
pub fn packed(xml: &str) -> Result<Vec<u8>, String> {
    let columns = Columns::of(xml)?.text();
    Ok(miniz_oxide::deflate::compress_to_vec(
        columns.as_bytes(),
        LEVEL,
    ))
}

/// A cascade in three columns.
#[derive(Default)]
struct Columns {
    skeleton: String,
    whole: Vec<String>,
    fractions: Vec<String>,
}

impl Columns {
    fn of(xml: &str) -> Result<Self, String> {
        let (_, inside) = xml
            .split_once("<opencv_storage>")
            .ok_or("it is no storage of OpenCV's")?;
        let mut columns = Self::default();
        let rest = columns.add_node(inside)?;
        if !rest.trim().is_empty() {
            return Err("something follows its end".to_owned());
        }
        Ok(columns)
    }

    fn text(&self) -> String {
        let [whole, fractions] = [&self.whole, &self.fractions].map(|column| column.join(" "));
        [self.skeleton.as_str(), &whole, &fractions].join("\n")
    }

    /// Adds what is inside of a node, up to and with its closing tag; what follows that comes back.
    fn add_node<'a>(&mut self, inside: &'a str) -> Result<&'a str, String> {
        let mut rest = inside;
        let mut close = "";
        let mut values = String::new();
        loop {
            let (text, after) = rest.split_once('<').ok_or("a node has no end")?;
            values.push_str(text);
            if let Some(comment) = after.strip_prefix("!--") {
                rest = comment.split_once("-->").ok_or("a comment has no end")?.1;
                continue;
            }
            let (tag, after) = after.split_once('>').ok_or("a tag has no end")?;
            if tag.starts_with('/') {
                if close.is_empty() {
                    self.add_values(&values)?;
                } else if !values.trim().is_empty() {
                    return Err("a node has both values and nodes".to_owned());
                }
                self.skeleton.push_str(close);
                return Ok(after);
            }
            let name = tag.split_ascii_whitespace().next().unwrap_or_default();
            let is_name = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'_';
            if !name.bytes().all(is_name) {
                return Err(format!("`{name}` is no name of a node"));
            }
            let (open, end) = if name == "_" { ("[", "]") } else { ("{", "}") };
            self.skeleton
                .push_str(if close.is_empty() { open } else { "," });
            close = end;
            if name != "_" {
                self.skeleton.extend(["\"", name, "\":"]);
            }
            rest = self.add_node(after)?;
        }
    }

    /// Adds the values of a node without nodes: one as it is, more as a list.
    fn add_values(&mut self, text: &str) -> Result<(), String> {
        let values: Vec<_> = text.split_ascii_whitespace().collect();
        if let [value] = *values {
            return self.add_value(value);
        }
        for (index, value) in values.iter().enumerate() {
            self.skeleton.push(if index == 0 { '[' } else { ',' });
            self.add_value(value)?;
        }
        self.skeleton
            .push_str(if values.is_empty() { "[]" } else { "]" });
        Ok(())
    }

    fn add_value(&mut self, value: &str) -> Result<(), String> {
        if value.parse::<i32>().is_ok() {
            self.skeleton.push(PLACES[0]);
            self.whole.push(value.to_owned());
        } else if let Ok(number) = value.parse::<f64>() {
            self.skeleton.push(PLACES[1]);
            self.fractions.push(shorter(number, value));
        } else if value.bytes().all(|byte| byte.is_ascii_alphabetic()) {
            self.skeleton.extend(["\"", value, "\""]);
        } else {
            return Err(format!("`{value}` is neither a number nor a word"));
        }
        Ok(())
    }
}

/// A fraction with as few digits as it takes. OpenCV reads a `double` and keeps a `float` of it; that
/// one stays the same. It keeps its point or exponent, by which OpenCV tells it from a whole number.
fn shorter(number: f64, written: &str) -> String {
    let kept = number as f32;
    let same = |text: &String| text.parse().is_ok_and(|read: f64| read as f32 == kept);
    let candidates = [plain(kept), whole(kept)].into_iter().filter(same);
    let shortest = candidates.min_by_key(String::len);
    shortest.unwrap_or_else(|| written.to_owned())
}

/// A number with a point and no exponent: `-.0125`, `2.`.
fn plain(number: f32) -> String {
    let text = number.to_string();
    let (sign, digits) = match text.strip_prefix('-') {
        Some(digits) => ("-", digits),
        None => ("", text.as_str()),
    };
    match digits.strip_prefix("0.") {
        Some(fraction) => format!("{sign}.{fraction}"),
        None if digits.contains('.') => text,
        None => format!("{text}."),
    }
}

/// A number as a whole one with an exponent: `-125e-4`.
fn whole(number: f32) -> String {
    let text = format!("{number:e}");
    let (digits, exponent) = text.split_once('e').unwrap_or((&text, "0"));
    let behind = digits.split_once('.').map_or(0, |(_, behind)| behind.len());
    let exponent = exponent.parse().unwrap_or(0) - behind as i64;
    format!("{}e{exponent}", digits.replace('.', ""))
}
