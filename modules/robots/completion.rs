//! The wire forms of OpenAI's chat completions, as far as they are needed.

use serde::{Deserialize, Serialize};

use crate::mind::{End, Failure, Question};

/// Body of `POST {url}/chat/completions`.
#[derive(Serialize)]
pub(crate) struct Request<'a> {
    #[serde(skip_serializing_if = "str::is_empty")]
    model: &'a str,
    messages: Vec<Message<'a>>,
    stream: bool,
}

#[derive(Serialize)]
struct Message<'a> {
    role: &'a str,
    content: &'a str,
}

impl<'a> Request<'a> {
    pub(crate) fn new(model: &'a str, system: &'a str, question: &'a Question) -> Self {
        let system = (!system.is_empty()).then_some(Message { role: "system", content: system });
        let turns = question.turns.iter().map(|it| Message { role: it.role, content: &it.content });
        Self { model, messages: system.into_iter().chain(turns).collect(), stream: true }
    }
}

/// An event of the stream, or the whole answer of a server that does not stream.
#[derive(Deserialize)]
pub(crate) struct Completion {
    #[serde(default)]
    choices: Vec<Choice>,
    #[serde(default)]
    error: Option<serde_json::Value>,
}

#[derive(Deserialize)]
struct Choice {
    #[serde(default, alias = "message")]
    delta: Words,
    #[serde(default)]
    finish_reason: Option<String>,
}

#[derive(Default, Deserialize)]
struct Words {
    #[serde(default)]
    content: Option<String>,
}

/// What an event says.
#[derive(Debug, PartialEq)]
pub(crate) struct Said {
    pub(crate) part: String,
    /// How the answer has ended, if it has.
    pub(crate) end: Option<End>,
}

/// Reads the data of an event.
///
/// # Errors
///
/// [`Failure::Garbled`] for what is no such thing, [`Failure::Broken`] where the server says that
/// it has failed.
pub(crate) fn read(data: &str) -> Result<Said, Failure> {
    if data.trim() == "[DONE]" {
        return Ok(Said { part: String::new(), end: Some(End::Whole) });
    }
    let completion: Completion = serde_json::from_str(data).map_err(|_| Failure::Garbled)?;
    if completion.error.is_some_and(|it| !it.is_null()) {
        return Err(Failure::Broken);
    }
    // Without one it tells of something else, such as how much it has cost.
    let Some(choice) = completion.choices.into_iter().next() else {
        return Ok(Said { part: String::new(), end: None });
    };
    let end = choice.finish_reason.map(|why| match why.as_str() {
        "length" | "content_filter" => End::Cut,
        _ => End::Whole,
    });
    Ok(Said { part: choice.delta.content.unwrap_or_default(), end })
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::mind::Turn;

    #[test]
    fn request_has_the_history_and_only_what_is_configured() {
        let turn = |role, content: &str| Turn { role, content: content.to_owned() };
        let question = Question { turns: vec![turn("assistant", "Hello"), turn("user", "Why?")] };
        let bare = serde_json::to_value(Request::new("", "", &question)).unwrap();
        let messages = json!([
            { "role": "assistant", "content": "Hello" },
            { "role": "user", "content": "Why?" },
        ]);
        assert_eq!(bare, json!({ "messages": messages, "stream": true }));
        let full = serde_json::to_value(Request::new("m-1", "Be brief", &question)).unwrap();
        assert_eq!(full["model"], "m-1");
        assert_eq!(full["messages"][0], json!({ "role": "system", "content": "Be brief" }));
    }

    #[test]
    fn events_are_read_and_what_is_none_is_refused() {
        let said = |part: &str, end| Ok(Said { part: part.to_owned(), end });
        let first = |choice: serde_json::Value| read(&json!({ "choices": [choice] }).to_string());
        assert_eq!(read("[DONE]"), said("", Some(End::Whole)));
        assert_eq!(read(r#"{"choices":[],"usage":{"total_tokens":7}}"#), said("", None));
        assert_eq!(first(json!({ "delta": { "role": "assistant" } })), said("", None));
        assert_eq!(first(json!({ "delta": { "content": "Hi" } })), said("Hi", None));
        assert_eq!(
            first(json!({ "delta": {}, "finish_reason": "stop" })),
            said("", Some(End::Whole))
        );
        assert_eq!(
            first(json!({ "delta": { "content": null }, "finish_reason": "length" })),
            said("", Some(End::Cut))
        );
        let whole = json!({ "message": { "content": "Hi" }, "finish_reason": "stop" });
        assert_eq!(first(whole), said("Hi", Some(End::Whole)));
        assert_eq!(read(r#"{"error":{"message":"no"}}"#), Err(Failure::Broken));
        for garbage in ["", "{", "7", r#"{"choices":7}"#, r#"{"choices":[{"delta":7}]}"#] {
            assert_eq!(read(garbage), Err(Failure::Garbled), "{garbage}");
        }
    }
}
