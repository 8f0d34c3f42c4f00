//! How a file is read, and by whom.

use auth::UserType;
use hornero::testing::Request;
use serde_json::json;
use uuid::Uuid;

use super::{PNG, to_room};
use crate::util::{TestApp, text};

#[tokio::test]
async fn file_is_for_saving_whatever_it_is() {
    let app = TestApp::start().await;
    let ada = app.register("Ada").await;
    let room = ada.room("private").await;
    let bytes: Vec<u8> = (0..3_000_000_u32).flat_map(|it| [b'a' + (it % 26) as u8]).collect();
    let file = to_room(&ada, &room, "Łódź 1.txt", &bytes).await.expect(201);
    let path = format!("/files/{}", text(&file["id"]));

    let answer = ada.get(&path).await;

    assert_eq!(answer.status, 200);
    assert!(answer.text.as_bytes() == bytes, "other bytes came out than went in");
    assert_eq!(answer.header("content-type"), "text/plain");
    assert_eq!(answer.header("content-length"), "3000000");
    assert_eq!(answer.header("x-content-type-options"), "nosniff");
    assert_eq!(
        answer.header("content-disposition"),
        "attachment; filename=\"__d_ 1.txt\"; filename*=UTF-8''%C5%81%C3%B3d%C5%BA%201.txt"
    );
    assert_eq!(answer.header("content-security-policy"), "default-src 'none'; sandbox");
    let tag = answer.header("etag").to_owned();
    assert_eq!(tag, format!("\"{}\"", text(&file["sha256"])));
    for known in [&tag, &format!("\"x\", W/{tag}"), "*"] {
        let again = ada.get(&path).header("if-none-match", known).await;
        assert_eq!((again.status, again.text.as_str()), (304, ""), "{known}");
        assert_eq!(again.header("etag"), tag);
    }
    let other = ada.get(&path).header("if-none-match", "\"x\"").await;
    assert_eq!(other.status, 200);
    let head = ada.request("HEAD", &path).await;
    assert_eq!((head.status, head.header("content-length")), (200, "3000000"));
}

#[tokio::test]
async fn picture_is_for_saving_too() {
    let app = TestApp::start().await;
    let ada = app.register("Ada").await;
    let room = ada.room("private").await;
    let file = to_room(&ada, &room, "x.png", PNG).await.expect(201);
    let answer = ada.get(&format!("/files/{}", text(&file["id"]))).await;
    assert!(answer.header("content-disposition").starts_with("attachment;"));
    assert_eq!(answer.header("content-type"), "image/png");
}

#[tokio::test]
async fn file_is_read_by_those_who_read_the_conversation() {
    let app = TestApp::start().await;
    let (ada, ben) = (app.register("Ada").await, app.register("Ben").await);
    let supervisor = app.promoted("Sue", None, Some(UserType::Supervisor)).await;
    let mut absent = None;
    for visibility in ["private", "public"] {
        let room = ada.room(visibility).await;
        let file = to_room(&ada, &room, "a.txt", b"a").await.expect(201);
        let path = format!("/files/{}", text(&file["id"]));
        ada.get(&path).await.expect(200);
        supervisor.get(&path).await.expect(200);
        let refused = ben.get(&path).await.refusal();
        assert_eq!(refused.1["details"]["reason"], "file_not_found");
        // The same words as for one that is not there.
        let nowhere = ben.get(&format!("/files/{}", Uuid::nil())).await.refusal();
        assert_eq!(refused, nowhere);
        absent = Some(nowhere);
        let member = format!("/rooms/{room}/members/{}", ben.id);
        ada.request("PUT", &member).json(json!({ "role": "member" })).await.expect(201);
        ben.get(&path).await.expect(200);
        ada.request("DELETE", &member).await.expect(204);
        assert_eq!(Some(ben.get(&path).await.refusal()), absent);
        Request::new(app.address(), "GET", &path).await.expect(401);
    }
    ada.get("/files/no-uuid").await.expect(400);
    assert_eq!(absent.unwrap().0, 404);
}
