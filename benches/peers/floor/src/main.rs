//! The least that a chat server can do: one thread, hand-written packets, no token check, no
//! JSON, no storage. A message is encoded once, and every client gets all that is for it in one
//! write per turn of the event loop. What is below this figure cannot be had.

use std::{env, error::Error, rc::Rc};

use tokio::{
    net::TcpListener,
    task::{LocalSet, spawn_local},
};

mod connection;
mod frame;
mod hub;
mod talk;
mod upgrade;

use crate::hub::Hub;

fn main() -> Result<(), Box<dyn Error>> {
    let port: u16 = env::var("PORT")?.parse()?;
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    LocalSet::new().block_on(&runtime, serve(port))
}

async fn serve(port: u16) -> Result<(), Box<dyn Error>> {
    let hub = Rc::new(Hub::default());
    spawn_local(Rc::clone(&hub).flush_forever());
    let listener = TcpListener::bind(("127.0.0.1", port)).await?;
    for number in 0.. {
        let (stream, _) = listener.accept().await?;
        let hub = Rc::clone(&hub);
        spawn_local(async move {
            // A client that breaks off is a client that has left.
            let _ = connection::serve(&hub, stream, number).await;
        });
    }
    Ok(())
}
