//! The REST route by which files are read.

use std::sync::Arc;

use auth::{Authenticates, Caller, Scope, TokenService};
use axum::{
    body::Body,
    extract::{Path, State},
    http::{
        HeaderMap, HeaderName, HeaderValue, StatusCode,
        header::{
            CACHE_CONTROL, CONTENT_DISPOSITION, CONTENT_LENGTH, CONTENT_SECURITY_POLICY,
            CONTENT_TYPE, ETAG, IF_NONE_MATCH, X_CONTENT_TYPE_OPTIONS,
        },
    },
    response::{IntoResponse, Response},
};
use hornero::{ClientError, Controller, Routes, routes};

use crate::{
    file::{File, FileId},
    name,
    service::FileService,
};

/// Whoever opens a file in a browser all the same does not run anything in it.
const POLICY: HeaderValue = HeaderValue::from_static("default-src 'none'; sandbox");

/// Serves `/files/{fileId}`.
pub(crate) struct FileController {
    files: Arc<FileService>,
    tokens: Arc<TokenService>,
}

impl FileController {
    pub(crate) fn new(files: Arc<FileService>, tokens: Arc<TokenService>) -> Self {
        Self { files, tokens }
    }
}

impl Authenticates for FileController {
    const SCOPE: Option<Scope> = Some(Scope::Chat);

    fn tokens(&self) -> &TokenService {
        &self.tokens
    }
}

impl Controller for FileController {
    fn routes() -> Routes<Self> {
        Routes::new().routes(routes!(read_file))
    }
}

/// Reads a file. It is for saving, whatever it is.
#[utoipa::path(
    get,
    path = "/files/{fileId}",
    params(("fileId" = FileId, Path, description = "The file")),
    responses(
        (
            status = 200,
            description = "The bytes",
            content_type = "application/octet-stream",
            headers(
                ("Content-Disposition" = String, description = "`attachment`, with its name"),
                ("ETag" = String, description = "Good for `If-None-Match`"),
            ),
        ),
        (status = 304, description = "The client has it already"),
        (status = 403, description = "The token lacks the scope `chat`"),
        (status = 404, description = "No such file, or the caller may not read it"),
    ),
    security(("bearer" = ["chat"]), ("cookie" = ["chat"])),
)]
async fn read_file(
    State(this): State<Arc<FileController>>,
    caller: Caller,
    Path(id): Path<FileId>,
    headers: HeaderMap,
) -> Result<Response, ClientError> {
    let file = this.files.find(&caller, id).await?;
    let tag = value(format!("\"{}\"", file.sha256));
    if headers.get_all(IF_NONE_MATCH).iter().any(|it| names(it, &file.sha256)) {
        return Ok((StatusCode::NOT_MODIFIED, [(ETAG, tag)]).into_response());
    }
    let bytes = this.files.read(&file).await?;
    Ok((head(&file, tag), Body::from_stream(bytes)).into_response())
}

fn head(file: &File, tag: HeaderValue) -> [(HeaderName, HeaderValue); 7] {
    [
        (CONTENT_TYPE, value(file.content_type.clone())),
        (CONTENT_LENGTH, HeaderValue::from(file.size)),
        (CONTENT_DISPOSITION, value(name::disposition(&file.name))),
        (CONTENT_SECURITY_POLICY, POLICY),
        (X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff")),
        // Its reader's only, and only for as long as that may read it.
        (CACHE_CONTROL, HeaderValue::from_static("private, no-cache")),
        (ETAG, tag),
    ]
}

/// Whether a header `If-None-Match` names this tag, alone or among others.
fn names(header: &HeaderValue, tag: &str) -> bool {
    let tags = header.to_str().unwrap_or_default().split(',').map(str::trim);
    let mut tags = tags.map(|it| it.trim_start_matches("W/").trim_matches('"'));
    tags.any(|it| it == tag || it == "*")
}

/// What we have made ourselves has nothing in it that a header cannot carry.
fn value(text: String) -> HeaderValue {
    HeaderValue::try_from(text).unwrap_or(HeaderValue::from_static(""))
}
