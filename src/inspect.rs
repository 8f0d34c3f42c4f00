//! What the app contains, as text: events, routes, modules, settings.

use std::panic::Location;

use hornero::{App, ConfigProblems, HandledEvent, RouteContract};

/// The Socket.IO events, a table for each direction.
pub fn events(app: &App) -> String {
    let mut handled =
        vec![["FROM CLIENTS", "WHO", "PAYLOAD", "ANSWER", "GATEWAY"].map(str::to_owned)];
    let mut emitted = vec![["FROM THE SERVER", "DATA", "GATEWAY"].map(str::to_owned)];
    for contract in app.gateways() {
        let gateway = contract.gateway.to_string();
        handled.extend(contract.handled.iter().map(|event| {
            let signature = &event.signature;
            let payload: Vec<_> = signature.payload.iter().map(|it| it.name.as_str()).collect();
            let who = signature.access.join(", ");
            [event.name.to_owned(), who, payload.join(" + "), answer(event), gateway.clone()]
        }));
        emitted.extend(
            contract
                .emitted
                .iter()
                .map(|event| [event.name.to_owned(), event.data.name.clone(), gateway.clone()]),
        );
    }
    format!("{}\n{}", table(&handled), table(&emitted))
}

fn answer(event: &HandledEvent) -> String {
    let data = event.signature.reply.as_ref().map_or("", |it| it.name.as_str());
    match event.reply_event {
        Some(reply) => format!("{data} as {reply}"),
        None => data.to_owned(),
    }
}

/// The documented REST routes, and the paths of plain-WebSocket protocols.
pub fn routes(app: &App) -> String {
    let mut routes =
        vec![["METHOD", "PATH", "WHO", "CONTROLLER", "MODULE", "LISTED AT"].map(str::to_owned)];
    for contract in app.controllers() {
        let (controller, place) = (contract.controller.to_string(), place(contract.place));
        routes.extend(contract.routes.iter().map(|route| {
            let (method, path) = (route.method.to_owned(), route.path.clone());
            let module = contract.module.clone();
            [method, path, who(route), controller.clone(), module, place.clone()]
        }));
    }
    let mut sockets =
        vec![["PLAIN WEBSOCKET", "PROTOCOL", "MODULE", "LISTED AT"].map(str::to_owned)];
    sockets.extend(
        app.sockets().map(|it| {
            [it.path.to_owned(), it.socket.to_string(), it.module.clone(), place(it.place)]
        }),
    );
    match sockets.len() {
        1 => table(&routes),
        _ => format!("{}\n{}", table(&routes), table(&sockets)),
    }
}

/// Who may call a route, in the words that events have for it.
fn who(route: &RouteContract) -> String {
    match route.access() {
        None => "not said".to_owned(),
        Some(any) if any.is_empty() => "user".to_owned(),
        Some(all) => all.join(", "),
    }
}

fn place(place: &Location<'_>) -> String {
    format!("{}:{}", place.file(), place.line())
}

/// The modules as a Mermaid diagram: who imports whom.
pub fn graph(app: &App) -> String {
    let mut text = "flowchart TD\n".to_owned();
    for module in app.modules() {
        text += &format!("    {}\n", module.name);
        for import in module.imports {
            text += &format!("    {} --> {import}\n", module.name);
        }
    }
    text
}

/// Every setting that is in force, and who has set it.
///
/// # Errors
///
/// Every mistake in the configuration.
pub fn config(app: &App) -> Result<String, ConfigProblems> {
    let rows = app.config_values()?.into_iter().map(|it| {
        let origin = it.origin.unwrap_or_else(|| "default".to_owned());
        [it.key, it.value.to_string(), origin]
    });
    Ok(table(&rows.collect::<Vec<_>>()))
}

/// Columns as wide as their widest cell.
fn table<const COLUMNS: usize>(rows: &[[String; COLUMNS]]) -> String {
    let width = |column: usize| rows.iter().map(|row| row[column].chars().count()).max();
    let widths: Vec<_> = (0..COLUMNS).map(|it| width(it).unwrap_or_default()).collect();
    let mut text = String::new();
    for row in rows {
        let cells = row.iter().zip(&widths).map(|(cell, width)| format!("{cell:width$}"));
        text += cells.collect::<Vec<_>>().join("  ").trim_end();
        text.push('\n');
    }
    text
}
