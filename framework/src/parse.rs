//! Parsing what clients send, with errors that name the field and echo nothing.

use serde::de::{DeserializeOwned, IgnoredAny};
use serde_json::error::Category;

use crate::error::{ClientError, FieldError};

mod object;

/// Parses a whole JSON text as a `T`.
pub(crate) fn json<T: DeserializeOwned>(text: &[u8]) -> Result<T, ClientError> {
    let is_list = text.iter().find(|it| !it.is_ascii_whitespace()) == Some(&b'[');
    if is_list && object::is_object::<T>() {
        // What is no JSON at all is to be told as that.
        serde_json::from_slice::<IgnoredAny>(text).map_err(|_| not_json())?;
        let error = field_of("payload".to_owned(), "type", "must be an object".to_owned());
        return Err(ClientError::fields(vec![error]));
    }
    // Whatever parses needs nobody who keeps track of where it stands.
    serde_json::from_slice(text).or_else(|_| with_path(text))
}

/// Parses a text that does not parse, to tell where it does not.
fn with_path<T: DeserializeOwned>(text: &[u8]) -> Result<T, ClientError> {
    let mut deserializer = serde_json::Deserializer::from_slice(text);
    let value = serde_path_to_error::deserialize(&mut deserializer).map_err(|error| {
        let path = error.path().to_string();
        // serde_json takes a number in the place of an enum's name for broken syntax.
        let well_formed = || serde_json::from_slice::<IgnoredAny>(text).is_ok();
        if error.inner().classify() == Category::Data || well_formed() {
            return ClientError::fields(vec![field_error(&path, &error.inner().to_string())]);
        }
        not_json()
    })?;
    deserializer.end().map_err(|_| not_json())?;
    Ok(value)
}

fn not_json() -> ClientError {
    ClientError::invalid("The text is not valid JSON").detail("reason", "unparsable")
}

/// Explains a message of serde about the value at `path`.
///
/// serde's messages repeat the value; only what was expected is taken from them.
pub(crate) fn field_error(path: &str, message: &str) -> FieldError {
    let parent = if path == "." { "" } else { path };
    if let Some(name) = quoted_after(message, "missing field ") {
        let field = if parent.is_empty() { name.to_owned() } else { format!("{parent}.{name}") };
        return field_of(field, "required", "is required".to_owned());
    }
    let expected = expected(message);
    let field = if parent.is_empty() { "payload" } else { parent }.to_owned();
    if message.starts_with("unknown variant") {
        let allowed: Vec<_> = expected.into_iter().flat_map(quoted).map(str::to_owned).collect();
        let message = format!("must be one of {}", allowed.join(", "));
        return FieldError {
            allowed_values: allowed,
            ..field_of(field, "allowed_values", message)
        };
    }
    match expected {
        Some(expected) => field_of(field, "type", format!("must be {expected}")),
        None if message.contains("UUID") => field_of(field, "format", "must be a UUID".to_owned()),
        None => field_of(field, "format", "does not have the expected form".to_owned()),
    }
}

fn field_of(field: String, rule: &str, message: String) -> FieldError {
    FieldError { field, rule: rule.to_owned(), message, allowed_values: Vec::new() }
}

/// What serde expected, in words: the end of its message, without the position.
pub(crate) fn expected(message: &str) -> Option<&str> {
    let (_, expected) = message.rsplit_once("expected ")?;
    match expected.split(" at line ").next()? {
        "u16" => Some("a whole number from 0 to 65535"),
        "u8" | "u32" | "u64" | "u128" | "usize" => Some("a whole number, not negative"),
        "i8" | "i16" | "i32" | "i64" | "i128" | "isize" => Some("a whole number"),
        "f32" | "f64" => Some("a number"),
        "a boolean" | "bool" => Some("true or false"),
        "a formatted UUID string" => Some("a UUID"),
        expected if expected.starts_with("struct ") => Some("an object"),
        // The inner workings of some format, such as the groups of a UUID.
        expected if expected.contains(", found ") => None,
        expected => Some(expected),
    }
}

fn quoted_after<'a>(message: &'a str, prefix: &str) -> Option<&'a str> {
    message.strip_prefix(prefix).and_then(|rest| quoted(rest).next())
}

/// The words in backticks.
fn quoted(text: &str) -> impl Iterator<Item = &str> {
    text.split('`').skip(1).step_by(2)
}

#[cfg(test)]
mod tests {
    use serde::Deserialize;

    use super::*;

    #[derive(Debug, Deserialize)]
    #[serde(rename_all = "camelCase")]
    #[expect(dead_code, reason = "only parsed")]
    struct Form {
        room_id: uuid::Uuid,
        nested: Option<Nested>,
    }

    #[derive(Debug, Deserialize)]
    #[expect(dead_code, reason = "only parsed")]
    struct Nested {
        visibility: Visibility,
        count: u32,
    }

    #[derive(Debug, Deserialize)]
    #[serde(rename_all = "lowercase")]
    enum Visibility {
        Public,
        Private,
    }

    fn refusal(text: &str) -> serde_json::Value {
        let error = json::<Form>(text.as_bytes()).unwrap_err();
        serde_json::json!(error.socket_body(None))
    }

    #[test]
    fn list_is_no_object() {
        for text in ["[]", " [7]", r#"["public", 7]"#] {
            let error = json::<Nested>(text.as_bytes()).unwrap_err();
            let told = serde_json::json!(error.socket_body(None));
            assert_eq!(told["message"], "`payload`: must be an object", "{text}");
            assert!(json::<Option<Nested>>(text.as_bytes()).is_err());
        }
        let broken = json::<Nested>(b"[7").unwrap_err();
        assert_eq!(serde_json::json!(broken.socket_body(None))["details"]["reason"], "unparsable");
        assert_eq!(json::<Vec<i64>>(b"[7]").unwrap(), [7]);
        assert_eq!(json::<(i64, bool)>(b"[7, true]").unwrap(), (7, true));
        assert_eq!(json::<serde_json::Value>(b"[7]").unwrap(), serde_json::json!([7]));
    }

    #[test]
    fn field_at_fault_is_named() {
        assert_eq!(refusal("{}")["message"], "`roomId`: is required");
        assert_eq!(refusal(r#"{"roomId":7}"#)["details"]["field"], "roomId");

        let id = uuid::Uuid::nil();
        let count = refusal(&format!(
            r#"{{"roomId":"{id}","nested":{{"visibility":"public","count":"many"}}}}"#
        ));
        assert_eq!(count["message"], "`nested.count`: must be a whole number, not negative");
        let number = refusal(&format!(r#"{{"roomId":"{id}","nested":{{"visibility":7}}}}"#));
        assert_eq!(number["details"]["field"], "nested.visibility");
        let variant =
            refusal(&format!(r#"{{"roomId":"{id}","nested":{{"visibility":"secret"}}}}"#));
        assert_eq!(
            variant["details"]["fields"][0]["allowed_values"],
            serde_json::json!(["public", "private"])
        );
    }

    #[test]
    fn no_value_is_echoed() {
        for text in [
            r#"{"roomId":"hunter2"}"#,
            r#"{"nested":{"count":"hunter2"}}"#,
            r#""hunter2""#,
            r#"{"roomId":"00000000-0000-0000-0000-000000000000","nested":{"visibility":"hunter2"}}"#,
            "hunter2",
        ] {
            let body = refusal(text).to_string();
            assert!(!body.contains("hunter2"), "{text}: {body}");
        }
    }

    #[test]
    fn text_after_the_value_is_refused() {
        assert_eq!(refusal("{").to_string(), refusal("{").to_string());
        assert_eq!(
            json::<serde_json::Value>(b"{} {}").unwrap_err().socket_code(),
            "PROTOCOL_ERROR"
        );
    }
}
