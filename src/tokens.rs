//! `hornero token`: lets programs in.

use std::error::Error;

use auth::{NewServiceKey, TokenService};

use crate::command::{IssueToken, MakeKey, app};

/// `hornero token issue`
pub(crate) async fn issue(args: IssueToken) -> Result<(), Box<dyn Error>> {
    let tokens = app()?.resolve::<TokenService>().await?;
    let token = tokens.issue_to_service(&args.service, &args.scope)?;
    // Nothing else on the standard output: it is for `$(hornero token issue ..)`.
    println!("{token}");
    eprintln!("It is good for {} seconds.", tokens.life().as_secs());
    Ok(())
}

/// `hornero token key`
pub(crate) fn make_key(args: MakeKey) -> Result<(), Box<dyn Error>> {
    let new = NewServiceKey::generate(&args.service)?;
    println!("Key, which is shown once: {}", new.key);
    println!("Entry of auth.serviceKeys: {}", new.entry);
    Ok(())
}
