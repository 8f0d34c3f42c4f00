//! What is kept of HTML that users send.

use std::sync::Arc;

use crate::{error::ChatError, message::Formatting};

/// The text as it is stored: of HTML, the elements and attributes that can do no harm, and no
/// images of other servers, by which a sender would learn who reads. Anything else as it is.
///
/// # Errors
///
/// [`ChatError::NothingHarmless`] if nothing is left that shows.
pub(crate) fn harmless(content: String, formatting: Formatting) -> Result<Arc<str>, ChatError> {
    if formatting != Formatting::Html {
        return Ok(content.into());
    }
    let mut rules = ammonia::Builder::default();
    rules.rm_tags(["img", "map", "area"]);
    let clean = rules.clean(&content).to_string();
    if clean.trim().is_empty() {
        return Err(ChatError::NothingHarmless);
    }
    Ok(clean.into())
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Ways in which HTML was made to run scripts, load things or frame pages.
    const ATTACKS: [&str; 24] = [
        "<script>alert(1)</script>",
        "<img src=x onerror=alert(1)>",
        "<svg onload=alert(1)>",
        "<svg><script>alert(1)</script></svg>",
        "<iframe src=javascript:alert(1)>",
        "<a href=javascript:alert(1)>x</a>",
        "<a href=\"  java\tscript:alert(1)\">x</a>",
        "<a href=data:text/html,<script>alert(1)</script>>x</a>",
        "<body onload=alert(1)>",
        "<b onclick=alert(1)>x</b>",
        "<b style=\"background:url(javascript:alert(1))\">x</b>",
        "<style>@import 'https://example.org/x.css';</style>",
        "<link rel=stylesheet href=https://example.org/x.css>",
        "<meta http-equiv=refresh content=\"0;url=https://example.org\">",
        "<base href=https://example.org/>",
        "<form action=https://example.org><input name=password></form>",
        "<object data=x.swf></object>",
        "<embed src=x.swf>",
        "<math><mtext><table><mglyph><style><img src=x onerror=alert(1)>",
        "<noscript><p title=\"</noscript><img src=x onerror=alert(1)>\">",
        "<details open ontoggle=alert(1)>x</details>",
        "<video><source onerror=alert(1)></video>",
        "<<script>alert(1)//<</script>",
        "<img src=https://example.org/pixel.png>",
    ];

    fn clean(text: &str) -> String {
        harmless(text.to_owned(), Formatting::Html)
            .map_or_else(|_| String::new(), |it| (*it).into())
    }

    #[test]
    fn nothing_that_runs_or_loads_is_kept() {
        for attack in ATTACKS {
            let kept = clean(attack).to_lowercase();
            // As markup, that is: text may say anything.
            let markup: Vec<_> = kept.split('<').skip(1).map(|it| it.split('>').next()).collect();
            for forbidden in ["script", "on", "style", "src", "iframe", "form", "base", "meta"] {
                let named = |it: &&Option<&str>| {
                    it.is_some_and(|it| {
                        it.split([' ', '=', '/']).any(|it| it.starts_with(forbidden))
                    })
                };
                assert!(!markup.iter().any(|it| named(&it)), "{attack} became {kept}");
            }
            assert!(!kept.contains("javascript:") && !kept.contains("data:"), "{attack}: {kept}");
        }
    }

    #[test]
    fn what_was_cleaned_is_clean() {
        for text in ATTACKS.into_iter().chain(["<p>1 < 2 &amp; <b>3", "<ul><li>a<li>b</ul>"]) {
            assert_eq!(clean(&clean(text)), clean(text), "{text}");
        }
    }

    #[test]
    fn harmless_html_stays_and_other_text_is_left_alone() {
        assert_eq!(clean("<p>hello <b>Ada</b></p>"), "<p>hello <b>Ada</b></p>");
        let plain = harmless("<script>".to_owned(), Formatting::Plain).unwrap();
        assert_eq!(&*plain, "<script>");
        assert!(harmless("<script>alert(1)</script>".to_owned(), Formatting::Html).is_err());
    }
}
