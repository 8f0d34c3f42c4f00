//! Rules of who may come in.

use std::sync::Arc;

use hornero::{App, ClientAddress};

use crate::{
    AdminConfig, AdminModule,
    credentials::{Credentials, Login, hash_password},
};

const NOWHERE: ClientAddress = ClientAddress(None);

fn credentials(enabled: bool) -> Credentials {
    let password_hash = hash_password("correct horse").unwrap();
    Credentials::new(Arc::new(AdminConfig { enabled, password_hash, ..AdminConfig::default() }))
}

fn login(username: &str, password: &str) -> Login {
    Login::Password { username: username.to_owned(), password: password.to_owned() }
}

#[test]
fn wiring() {
    App::of::<AdminModule>().check().unwrap();
}

#[tokio::test]
async fn only_name_and_password_open_a_session_which_then_opens_the_door() {
    let credentials = credentials(true);
    for (name, password) in [("admin", "wrong horse"), ("root", "correct horse"), ("", "")] {
        credentials.admit(login(name, password), NOWHERE).await.unwrap_err();
    }
    let session = credentials.admit(login("admin", "correct horse"), NOWHERE).await.unwrap();
    let again = credentials.admit(Login::Session(session.clone()), NOWHERE).await;
    assert_eq!(again.unwrap(), session);
    credentials.admit(Login::Session("another".to_owned()), NOWHERE).await.unwrap_err();
}

#[tokio::test]
async fn nobody_comes_in_where_it_is_off() {
    credentials(false).admit(login("admin", "correct horse"), NOWHERE).await.unwrap_err();
}

#[tokio::test]
async fn whoever_tries_too_often_is_refused_without_a_look_at_the_password() {
    let credentials = credentials(true);
    for _ in 0..10 {
        credentials.admit(login("admin", "wrong horse"), NOWHERE).await.unwrap_err();
    }
    let refused = credentials.admit(login("admin", "correct horse"), NOWHERE).await.unwrap_err();
    assert_eq!(refused.kind(), hornero::ErrorKind::RateLimited);
}
