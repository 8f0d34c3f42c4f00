//! The robot that repeats what it hears. It shows that all the rest works.

use async_trait::async_trait;

use crate::mind::{End, Failure, Mind, Parts, Question};

/// `builtin:echo`: says the prompt again, word by word.
pub(crate) struct EchoMind;

#[async_trait]
impl Mind for EchoMind {
    async fn answer(&self, question: &Question, parts: &mut Parts) -> Result<End, Failure> {
        let prompt = question.turns.last().map_or("", |it| it.content.as_str());
        for word in prompt.split_inclusive(char::is_whitespace) {
            parts.say(word).await;
        }
        Ok(End::Whole)
    }
}
