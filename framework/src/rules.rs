//! Validation rules that several features share, for `#[validate(custom(function = ..))]`, and
//! one for `#[serde(deserialize_with = ..)]`.

use serde::{Deserialize, Deserializer};
use validator::ValidationError;

/// Refuses `null` in the place of a value that may be left out: it would neither change what it
/// stands for nor leave that as it is. Together with `#[serde(default)]`.
///
/// # Errors
///
/// Whatever is not a `T`.
pub fn not_null<'de, T: Deserialize<'de>, D: Deserializer<'de>>(
    deserializer: D,
) -> Result<Option<T>, D::Error> {
    T::deserialize(deserializer).map(Some)
}

/// Accepts text of one line that shows something: a name, a title.
///
/// # Errors
///
/// `blank` for nothing but white space, `control` for control characters (NUL and line
/// ends among them).
pub fn single_line(text: &str) -> Result<(), ValidationError> {
    if text.trim().is_empty() {
        return Err(error("blank", "must not be only white space"));
    }
    if text.chars().any(char::is_control) {
        return Err(error("control", "must not have control characters"));
    }
    Ok(())
}

/// Accepts text of several lines that shows something: a message.
///
/// # Errors
///
/// `blank` for nothing but white space, `control` for control characters other than
/// line ends and tabs.
pub fn text(text: &str) -> Result<(), ValidationError> {
    if text.trim().is_empty() {
        return Err(error("blank", "must not be only white space"));
    }
    if text.chars().any(|c| c.is_control() && !matches!(c, '\n' | '\r' | '\t')) {
        let allowed = "must not have control characters other than line ends and tabs";
        return Err(error("control", allowed));
    }
    Ok(())
}

/// Accepts an id that a client makes up: visible ASCII characters.
///
/// # Errors
///
/// `ascii` for any other character.
pub fn visible_ascii(text: &str) -> Result<(), ValidationError> {
    if text.bytes().all(|it| it.is_ascii_graphic()) {
        return Ok(());
    }
    Err(error("ascii", "must be visible ASCII characters"))
}

/// Accepts a JSON object of at most 16 KiB and 8 levels.
///
/// # Errors
///
/// `size`, `depth`, or `control` for a NUL in a text, which PostgreSQL cannot store.
pub fn metadata(
    object: &serde_json::Map<String, serde_json::Value>,
) -> Result<(), ValidationError> {
    let text = serde_json::to_string(object).unwrap_or_default();
    if text.len() > 16 * 1024 {
        return Err(error("size", "must be at most 16 KiB"));
    }
    if object.iter().any(|(key, value)| key.contains('\0') || has_nul(value)) {
        return Err(error("control", "must not have NUL characters"));
    }
    if object.values().any(|it| depth(it) > 7) {
        return Err(error("depth", "must be at most 8 levels deep"));
    }
    Ok(())
}

fn has_nul(value: &serde_json::Value) -> bool {
    match value {
        serde_json::Value::String(text) => text.contains('\0'),
        serde_json::Value::Array(items) => items.iter().any(has_nul),
        serde_json::Value::Object(entries) => {
            entries.iter().any(|(key, value)| key.contains('\0') || has_nul(value))
        }
        _ => false,
    }
}

fn depth(value: &serde_json::Value) -> usize {
    match value {
        serde_json::Value::Array(items) => 1 + items.iter().map(depth).max().unwrap_or(0),
        serde_json::Value::Object(entries) => 1 + entries.values().map(depth).max().unwrap_or(0),
        _ => 0,
    }
}

fn error(code: &'static str, message: &'static str) -> ValidationError {
    ValidationError::new(code).with_message(message.into())
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn control_characters_and_blanks_are_refused() {
        assert!(single_line("Ada").is_ok());
        for text in ["", " \u{a0}", "a\nb", "a\0"] {
            assert!(single_line(text).is_err(), "{text:?}");
        }
        assert!(text("a\r\n\tb").is_ok());
        assert!(text("a\u{7}").is_err());
        assert!(text("\n\n").is_err());
    }

    #[test]
    fn metadata_is_bounded_in_size_and_depth() {
        let nested = |levels| (1..levels).fold(json!({}), |inner, _| json!({ "a": inner }));
        assert!(metadata(nested(8).as_object().unwrap()).is_ok());
        assert_eq!(metadata(nested(9).as_object().unwrap()).unwrap_err().code, "depth");
        let large = json!({ "a": "x".repeat(16 * 1024) });
        assert_eq!(metadata(large.as_object().unwrap()).unwrap_err().code, "size");
        let escaped = json!({ "a": "\\u0000" });
        assert!(metadata(escaped.as_object().unwrap()).is_ok());
        let nul = json!({ "a": ["\0"] });
        assert_eq!(metadata(nul.as_object().unwrap()).unwrap_err().code, "control");
    }
}
