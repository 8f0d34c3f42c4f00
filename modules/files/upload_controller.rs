//! The REST route by which files come.

use std::{sync::Arc, time::Duration};

use auth::{Authenticates, Caller, Scope, TokenService};
use axum::{
    extract::{
        DefaultBodyLimit, FromRequest, Multipart, Request, State,
        multipart::{Field, MultipartError},
    },
    http::StatusCode,
};
use delivery::{ConversationId, ConversationKind};
use hornero::{ClientError, Controller, ErrorKind, Routes, routes};
use tokio::time::timeout;
use tracing::{Instrument, Span};

use crate::{
    dto::{FileView, UploadForm},
    error::FileError,
    file::File,
    service::{FileService, NewFile},
    upload::Upload,
};

/// Longest value of a part that is no file, in bytes: that of an id.
const MAX_TEXT: usize = 64;

/// What a form may have in it besides the file, in bytes.
const FRAME: u64 = 64 * 1024;

/// Time for which is read on what was refused: many clients hear nothing before they have
/// sent all.
const DRAIN: Duration = Duration::from_secs(10);

/// Serves `/files`.
pub(crate) struct UploadController {
    files: Arc<FileService>,
    tokens: Arc<TokenService>,
}

impl UploadController {
    pub(crate) fn new(files: Arc<FileService>, tokens: Arc<TokenService>) -> Self {
        Self { files, tokens }
    }
}

impl Authenticates for UploadController {
    const SCOPE: Option<Scope> = Some(Scope::Chat);

    fn tokens(&self) -> &TokenService {
        &self.tokens
    }
}

impl Controller for UploadController {
    fn routes() -> Routes<Self> {
        Routes::new().routes(routes!(upload_file))
    }
}

/// Brings a file to a room or session. A message tells of it, unless `message` is false.
#[utoipa::path(
    post,
    path = "/files",
    request_body(content = UploadForm, content_type = "multipart/form-data"),
    responses(
        (status = 201, description = "The file, which is stored", body = FileView),
        (status = 400, description = "The form, the type of the content (`details.reason` is `type_not_allowed`), or a virus (`infected`)"),
        (status = 403, description = "Guests bring no files; or not a member of the public room; or the token lacks the scope `chat`"),
        (status = 404, description = "No such room or session, or no access to it"),
        (status = 409, description = "The session is closed"),
        (status = 413, description = "The file is too large, or the caller's files together (`details.reason` is `quota_exceeded`)"),
        (status = 415, description = "The body is no form in several parts"),
        (status = 504, description = "The file took too long to arrive"),
    ),
    security(("bearer" = ["chat"]), ("cookie" = ["chat"])),
)]
async fn upload_file(
    State(this): State<Arc<UploadController>>,
    caller: Caller,
    mut request: Request,
) -> Result<(StatusCode, axum::Json<FileView>), ClientError> {
    // Twice, so that who sends a little too much is told so, and not cut off.
    let most = 2 * this.files.max_bytes() + FRAME;
    DefaultBodyLimit::max(usize::try_from(most).unwrap_or(usize::MAX)).apply(&mut request);
    let form = Multipart::from_request(request, &()).await.map_err(|_| {
        let text = "The body must have the content type multipart/form-data with a boundary, \
                    which clients write themselves";
        ClientError::new(ErrorKind::UnsupportedMediaType, text)
    })?;
    let files = Arc::clone(&this.files);
    // On a task of its own: if the client goes away, what has come is kept or removed all the same.
    let receiving = async move { receive(&files, &caller, form).await };
    let file = tokio::spawn(receiving.instrument(Span::current())).await;
    // The panic itself was logged.
    let file = file.unwrap_or(Err(FileError::Broken))?;
    Ok((StatusCode::CREATED, axum::Json(FileView::from(&file))))
}

async fn receive(
    files: &FileService,
    caller: &Caller,
    mut body: Multipart,
) -> Result<File, FileError> {
    let mut form = Form::default();
    let read = timeout(files.upload_timeout(), form.read(files, caller, &mut body)).await;
    let whole = match read.unwrap_or(Err(FileError::Slow)) {
        Ok(()) => form.target().map(|it| (it, form.file.take())),
        Err(error) => Err(error),
    };
    match whole {
        Ok(((conversation, kind), Some((name, upload)))) => {
            if let Err(error) = files.require(caller, conversation, Some(kind)).await {
                files.give_up(upload).await;
                return Err(error);
            }
            let announce = form.message.unwrap_or(true);
            files.keep(caller, upload, NewFile { conversation, name, announce }).await
        }
        Ok((_, None)) => Err(required("file", "must be given")),
        Err(error) => {
            if let Some((_, upload)) = form.file {
                files.give_up(upload).await;
            }
            let rest = async { while let Ok(Some(_)) = body.next_field().await {} };
            let _ = timeout(DRAIN, rest).await;
            Err(error)
        }
    }
}

/// The parts of a form, in whatever order they come.
#[derive(Default)]
struct Form {
    /// With its name.
    file: Option<(String, Upload)>,
    room: Option<ConversationId>,
    session: Option<ConversationId>,
    message: Option<bool>,
}

impl Form {
    /// Reads all parts. Unknown ones are ignored.
    async fn read(
        &mut self,
        files: &FileService,
        caller: &Caller,
        body: &mut Multipart,
    ) -> Result<(), FileError> {
        // Before anything is read of who may not bring files at all.
        caller.require_account()?;
        while let Some(mut part) = body.next_field().await.map_err(|it| refused(&it, files))? {
            match part.name().unwrap_or_default() {
                "file" => self.read_file(files, caller, part).await?,
                "roomId" => {
                    let id = id("roomId", &mut part, files).await?;
                    files.require(caller, id, Some(ConversationKind::Room)).await?;
                    set("roomId", &mut self.room, id)?;
                }
                "sessionId" => {
                    let id = id("sessionId", &mut part, files).await?;
                    files.require(caller, id, Some(ConversationKind::Session)).await?;
                    set("sessionId", &mut self.session, id)?;
                }
                "message" => {
                    let message = match text("message", &mut part, files).await?.as_str() {
                        "true" => true,
                        "false" => false,
                        _ => return Err(wrong("message", "type", "must be true or false")),
                    };
                    set("message", &mut self.message, message)?;
                }
                _ => {}
            }
        }
        Ok(())
    }

    async fn read_file(
        &mut self,
        files: &FileService,
        caller: &Caller,
        mut part: Field<'_>,
    ) -> Result<(), FileError> {
        if self.file.is_some() {
            return Err(wrong("file", "once", "must be given once"));
        }
        let name = part.file_name().unwrap_or_default().to_owned();
        // Kept here at once: whatever goes wrong now, it is given up from here.
        let (_, upload) = self.file.insert((name, files.begin(caller).await?));
        while let Some(bytes) = part.chunk().await.map_err(|it| refused(&it, files))? {
            upload.add(bytes).await?;
        }
        Ok(())
    }

    /// Where the file belongs.
    fn target(&self) -> Result<(ConversationId, ConversationKind), FileError> {
        match (self.room, self.session) {
            (Some(room), None) => Ok((room, ConversationKind::Room)),
            (None, Some(session)) => Ok((session, ConversationKind::Session)),
            (None, None) => Err(required("roomId", "must be given, or `sessionId`")),
            (Some(_), Some(_)) => Err(wrong("roomId", "alone", "cannot be with `sessionId`")),
        }
    }
}

fn set<T>(field: &str, place: &mut Option<T>, value: T) -> Result<(), FileError> {
    if place.replace(value).is_some() {
        return Err(wrong(field, "once", "must be given once"));
    }
    Ok(())
}

async fn id(
    field: &str,
    part: &mut Field<'_>,
    files: &FileService,
) -> Result<ConversationId, FileError> {
    let id = text(field, part, files).await?.parse();
    id.map(ConversationId).map_err(|_| wrong(field, "type", "must be a UUID"))
}

/// The text of a short part.
async fn text(field: &str, part: &mut Field<'_>, files: &FileService) -> Result<String, FileError> {
    let mut text = Vec::new();
    while let Some(bytes) = part.chunk().await.map_err(|it| refused(&it, files))? {
        text.extend_from_slice(&bytes);
        if text.len() > MAX_TEXT {
            return Err(wrong(field, "length", "is too long"));
        }
    }
    String::from_utf8(text).map_err(|_| wrong(field, "type", "must be text"))
}

fn required(field: &str, message: &str) -> FileError {
    wrong(field, "required", message)
}

fn wrong(field: &str, rule: &str, message: &str) -> FileError {
    FileError::Form(ClientError::field(field, rule, message))
}

fn refused(error: &MultipartError, files: &FileService) -> FileError {
    match error.status() {
        StatusCode::PAYLOAD_TOO_LARGE => FileError::TooLarge(files.max_bytes()),
        _ => {
            let text = "The body is no form in several parts, or was broken off";
            FileError::Form(ClientError::invalid(text).detail("reason", "unparsable"))
        }
    }
}
