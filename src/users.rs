//! `hornero user`: makes users and changes what they are, on the server's own database.

use std::{error::Error, io::Read};

use auth::{ChangeUser, Role, Status, User, UserService, UserType};

use crate::command::{AddUser, DisableUser, PromoteUser, Rank, app};

/// Users that are read at once.
const PAGE: u64 = 500;

/// Characters of a password that was made up; none of them looks like another.
const ALPHABET: &[u8] = b"abcdefghjkmnpqrstuvwxyz23456789";

/// `hornero user add`
pub(crate) async fn add(args: AddUser) -> Result<(), Box<dyn Error>> {
    let password = if args.password_stdin { read_password()? } else { made_up_password() };
    if !(12..=128).contains(&password.chars().count()) {
        return Err("the password must be 12 to 128 characters".into());
    }
    let users = app()?.resolve::<UserService>().await?;
    let user = users.add(&args.email, &args.name, &password).await?;
    println!("Added {}.", describe(&user));
    if !args.password_stdin {
        println!("Password: {password}");
    }
    Ok(())
}

/// `hornero user list`
pub(crate) async fn list() -> Result<(), Box<dyn Error>> {
    let users = app()?.resolve::<UserService>().await?;
    let mut last = None;
    loop {
        let page = users.page(last.as_ref(), PAGE).await?;
        for user in &page {
            let (kind, role) = (user.user_type.as_str(), user.role.as_str());
            let (status, since) = (user.status.as_str(), user.created_at.format("%Y-%m-%d"));
            let email = user.email.as_deref().unwrap_or("-");
            let (id, name) = (&user.id, &user.display_name);
            println!("{id:36}  {kind:10}  {role:5}  {status:8}  {since}  {email}  {name}");
        }
        match page.into_iter().next_back() {
            Some(user) => last = Some(user.id),
            None => return Ok(()),
        }
    }
}

/// `hornero user promote`
pub(crate) async fn promote(args: PromoteUser) -> Result<(), Box<dyn Error>> {
    let (role, user_type) = match args.to {
        Rank::Admin => (Some(Role::Admin), None),
        Rank::Supervisor => (Some(Role::User), Some(UserType::Supervisor)),
        Rank::User => (Some(Role::User), Some(UserType::Employee)),
    };
    let user = change(&args.email, ChangeUser { role, user_type, ..ChangeUser::default() }).await?;
    println!("Changed {}. It counts within a second.", describe(&user));
    Ok(())
}

/// `hornero user disable`
pub(crate) async fn disable(args: DisableUser) -> Result<(), Box<dyn Error>> {
    let status = Some(Status::Disabled);
    let user = change(&args.email, ChangeUser { status, ..ChangeUser::default() }).await?;
    println!("Disabled {}. It counts within a second.", describe(&user));
    Ok(())
}

/// `hornero user enable`
pub(crate) async fn enable(args: DisableUser) -> Result<(), Box<dyn Error>> {
    let status = Some(Status::Active);
    let user = change(&args.email, ChangeUser { status, ..ChangeUser::default() }).await?;
    println!("Enabled {}, who has to log in again.", describe(&user));
    Ok(())
}

/// `hornero hash-password`
pub(crate) fn hash_password() -> Result<(), Box<dyn Error>> {
    let password = read_password()?;
    if !(12..=128).contains(&password.chars().count()) {
        return Err("the password must be 12 to 128 characters".into());
    }
    println!("{}", admin::hash_password(&password)?);
    Ok(())
}

async fn change(email: &str, change: ChangeUser) -> Result<User, Box<dyn Error>> {
    let users = app()?.resolve::<UserService>().await?;
    Ok(users.change_named(email, change).await?)
}

fn describe(user: &User) -> String {
    let email = user.email.as_deref().unwrap_or("no e-mail");
    let (role, kind) = (user.role.as_str(), user.user_type.as_str());
    format!("{} <{email}>, {kind}, role {role}", user.display_name)
}

fn read_password() -> Result<String, Box<dyn Error>> {
    let mut text = String::new();
    std::io::stdin().read_to_string(&mut text)?;
    Ok(text.trim_end_matches(['\r', '\n']).to_owned())
}

/// 20 characters, about 99 bits.
fn made_up_password() -> String {
    let letters = rand::random::<[u16; 20]>();
    letters.iter().map(|it| char::from(ALPHABET[usize::from(*it) % ALPHABET.len()])).collect()
}
