//! Values, written as the other connections write them.

use chrono::SecondsFormat;
use rusqlite::{
    Error, ToSql,
    types::{ToSqlOutput, Value as Stored, ValueRef},
};
use sea_orm::Value;

/// A value to bind.
pub(super) struct Bound<'a>(pub(super) &'a Value);

impl ToSql for Bound<'_> {
    fn to_sql(&self) -> rusqlite::Result<ToSqlOutput<'_>> {
        Ok(match self.0 {
            Value::Bool(it) => owned(*it),
            Value::Int(it) => owned(*it),
            Value::BigInt(it) => owned(*it),
            Value::BigUnsigned(it) => owned(it.map(i64::try_from).transpose().map_err(unfit)?),
            Value::Double(it) => owned(*it),
            Value::String(it) => borrowed(it.as_deref()),
            Value::Bytes(it) => borrowed(it.as_deref()),
            Value::Uuid(it) => borrowed(it.as_ref().map(|it| &it.as_bytes()[..])),
            Value::Json(it) => owned(it.as_ref().map(ToString::to_string)),
            Value::ChronoDateTimeUtc(it) => {
                owned(it.map(|it| it.to_rfc3339_opts(SecondsFormat::AutoSi, false)))
            }
            _ => return Err(unfit("no column of ours holds a value of this type")),
        })
    }
}

fn owned<'a>(value: Option<impl Into<Stored>>) -> ToSqlOutput<'a> {
    ToSqlOutput::Owned(value.map_or(Stored::Null, Into::into))
}

fn borrowed<'a>(value: Option<impl Into<ValueRef<'a>>>) -> ToSqlOutput<'a> {
    ToSqlOutput::Borrowed(value.map_or(ValueRef::Null, Into::into))
}

fn unfit(reason: impl Into<Box<dyn std::error::Error + Send + Sync>>) -> Error {
    Error::ToSqlConversionFailure(reason.into())
}
