//! The module that docs/guide.md builds. Both say the same, line by line: a test holds it.

use std::sync::{Arc, Mutex, PoisonError};

use axum::{extract::State, http::StatusCode};
use hornero::{
    App, Broadcast, ClientError, Controller, Data, ErrorKind, Event, Events, Frame, Gateway, Json,
    Module, ModuleDef, Public, Routes, SocketIo, Valid, routes, rules,
};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use validator::Validate;

#[derive(Debug, Clone, PartialEq, Serialize, ToSchema)]
struct Note {
    id: u64,
    text: String,
}

#[derive(Debug, thiserror::Error)]
enum NoteError {
    #[error("The board is full: 100 notes are enough")]
    BoardFull,
}

impl From<NoteError> for ClientError {
    fn from(error: NoteError) -> Self {
        match error {
            NoteError::BoardFull => Self::new(ErrorKind::Conflict, error.to_string()),
        }
    }
}

trait NoteRepository: Send + Sync {
    fn insert(&self, text: &str) -> Note;
    fn all(&self) -> Vec<Note>;
}

#[derive(Default)]
struct MemoryRepository(Mutex<Vec<Note>>);

impl MemoryRepository {
    fn bind() -> Arc<dyn NoteRepository> {
        Arc::new(Self::default())
    }
}

impl NoteRepository for MemoryRepository {
    fn insert(&self, text: &str) -> Note {
        let mut notes = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let note = Note { id: notes.len() as u64 + 1, text: text.to_owned() };
        notes.push(note.clone());
        note
    }

    fn all(&self) -> Vec<Note> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }
}

struct NoteService {
    notes: Arc<dyn NoteRepository>,
    io: Arc<SocketIo>,
}

impl NoteService {
    fn new(notes: Arc<dyn NoteRepository>, io: Arc<SocketIo>) -> Self {
        Self { notes, io }
    }

    async fn add(&self, text: &str) -> Result<Note, NoteError> {
        if self.notes.all().len() >= 100 {
            return Err(NoteError::BoardFull);
        }
        let note = self.notes.insert(text);
        if let Some(frame) = Frame::of(&NoteAdded { note: note.clone() }) {
            Broadcast::new(&self.io, "/").emit(&frame).await;
        }
        Ok(note)
    }

    fn all(&self) -> Vec<Note> {
        self.notes.all()
    }
}

#[derive(Serialize, ToSchema)]
struct NoteAdded {
    note: Note,
}

impl Event for NoteAdded {
    const NAME: &'static str = "notes:added";
}

#[derive(Debug, Deserialize, Validate, ToSchema)]
struct AddNote {
    #[validate(length(min = 1, max = 200), custom(function = "rules::single_line"))]
    text: String,
}

struct NoteController {
    notes: Arc<NoteService>,
}

impl NoteController {
    fn new(notes: Arc<NoteService>) -> Self {
        Self { notes }
    }
}

impl Controller for NoteController {
    fn routes() -> Routes<Self> {
        Routes::new().routes(routes!(add_note, list_notes))
    }
}

/// Adds a note.
#[utoipa::path(
    post,
    path = "/notes",
    request_body = AddNote,
    responses(
        (status = 201, description = "The note", body = Note),
        (status = 409, description = "The board is full"),
    ),
    security(()),
)]
async fn add_note(
    State(this): State<Arc<NoteController>>,
    Valid(Json(body)): Valid<Json<AddNote>>,
) -> Result<(StatusCode, axum::Json<Note>), ClientError> {
    Ok((StatusCode::CREATED, axum::Json(this.notes.add(&body.text).await?)))
}

/// Lists the notes.
#[utoipa::path(
    get,
    path = "/notes",
    responses((status = 200, description = "All notes", body = Vec<Note>)),
    security(()),
)]
async fn list_notes(State(this): State<Arc<NoteController>>) -> axum::Json<Vec<Note>> {
    axum::Json(this.notes.all())
}

struct NoteGateway {
    notes: Arc<NoteService>,
}

impl NoteGateway {
    fn new(notes: Arc<NoteService>) -> Self {
        Self { notes }
    }

    async fn add(
        self: Arc<Self>,
        _: Public,
        Valid(Data(event)): Valid<Data<AddNote>>,
    ) -> Result<Note, ClientError> {
        Ok(self.notes.add(&event.text).await?)
    }
}

impl Gateway for NoteGateway {
    const NAMESPACES: &'static [&'static str] = &["/"];

    fn events(on: &mut Events<Self>) {
        on.on("notes:add", Self::add);
        on.emits::<NoteAdded>();
    }
}

struct NotesModule;

impl Module for NotesModule {
    fn define(m: &mut ModuleDef) {
        m.bind(MemoryRepository::bind) // fn() -> Arc<dyn NoteRepository>
            .provide(NoteService::new) // fn(Arc<dyn NoteRepository>, Arc<SocketIo>) -> NoteService
            .controller(NoteController::new)
            .gateway(NoteGateway::new);
    }
}

#[tokio::main]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    let server = App::of::<NotesModule>().build().await?;
    let listener = tokio::net::TcpListener::bind("127.0.0.1:3000").await?;
    let stop = async { tokio::signal::ctrl_c().await.unwrap_or_default() };
    server.serve(listener, stop).await?;
    Ok(())
}

#[cfg(test)]
mod tests {
    use hornero::testing::TestApp;
    use serde_json::json;

    use super::*;

    #[test]
    fn wiring() {
        App::of::<NotesModule>().check().unwrap();
    }

    #[tokio::test]
    async fn note_is_added_by_either_door_and_shown_to_everybody() {
        let app = TestApp::start(App::of::<NotesModule>()).await;
        let mut ada = app.connect("/").await;
        let mut ben = app.connect("/").await;

        let milk = app.post("/notes").json(json!({ "text": "Buy milk" })).await.expect(201);
        let bread = ada.call("notes:add", json!({ "text": "Buy bread" })).await;

        assert_eq!(ben.event("notes:added").await["note"], milk);
        assert_eq!(ben.event("notes:added").await["note"], bread);
        assert_eq!(app.get("/notes").await.expect(200), json!([milk, bread]));
    }

    struct FullRepository;

    impl NoteRepository for FullRepository {
        fn insert(&self, _: &str) -> Note {
            panic!("nothing is stored on a full board");
        }

        fn all(&self) -> Vec<Note> {
            vec![Note { id: 1, text: "x".to_owned() }; 100]
        }
    }

    #[tokio::test]
    async fn full_board_takes_no_note() {
        let app = App::of::<NotesModule>();
        let app = app.override_with::<dyn NoteRepository>(Arc::new(FullRepository));
        let notes = app.resolve::<NoteService>().await.unwrap();

        assert!(matches!(notes.add("one more").await, Err(NoteError::BoardFull)));
    }
}
