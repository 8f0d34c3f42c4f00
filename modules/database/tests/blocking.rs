//! Transactions that block, beside those that do not.

use chrono::{DateTime, SubsecRound, Utc};
use hornero::{ClientError, ErrorKind};
use sea_orm::{DbBackend, QueryResult, Value};
use uuid::Uuid;

use super::*;

#[tokio::test]
async fn values_are_written_alike_either_way() {
    let test = TestTable::new().await;
    let at = DateTime::from_timestamp(1_790_000_000, 123_456_789).unwrap();
    let json = serde_json::json!({"text": "línea\n", "list": [1, 2.5, null]});
    let values: [Value; 19] = [
        true.into(),
        false.into(),
        7_i32.into(),
        i64::MIN.into(),
        u64::from(u32::MAX).into(),
        2.5_f64.into(),
        "¡hola! '\0'".into(),
        "".into(),
        vec![0_u8, 255].into(),
        Uuid::from_u128(7).into(),
        json.into(),
        at.into(),
        at.trunc_subsecs(3).into(),
        at.trunc_subsecs(0).into(),
        None::<String>.into(),
        None::<Uuid>.into(),
        None::<i64>.into(),
        None::<DateTime<Utc>>.into(),
        Value::Json(None),
    ];
    for value in values {
        let insert = "INSERT INTO things (value) VALUES ($1)";
        for blocking in [true, false] {
            let tx = test.begin(blocking).await;
            tx.run(statement(insert, [value.clone()])).await.unwrap();
            tx.commit().await.unwrap();
        }
        let written = test.read("SELECT typeof(value) || quote(value) FROM things").await;
        assert_eq!(written[0], written[1], "{value:?}");
        test.clear().await;
    }
}

#[tokio::test]
async fn ids_and_numbers_are_read_alike_either_way() {
    let test = TestTable::new().await;
    let ids = [Uuid::now_v7(), Uuid::now_v7()];
    for blocking in [true, false] {
        let tx = test.begin(blocking).await;
        for (number, id) in ids.iter().enumerate() {
            let values = [(*id).into(), i64::try_from(number).unwrap().into()];
            tx.run(statement("INSERT INTO things (value, code) VALUES (?, ?)", values))
                .await
                .unwrap();
        }
        let sql = "UPDATE things SET code = code + $2 WHERE value = $1 RETURNING value, code";
        let changed = tx.numbers(statement(sql, [ids[1].into(), 41_i64.into()])).await.unwrap();
        assert_eq!(changed, [(ids[1], 42)]);
        let wrong = statement("SELECT code, code FROM things", []);
        assert!(tx.numbers(wrong).await.is_err(), "a number is no id");
    }
}

#[tokio::test]
async fn rows_are_inserted_alike_either_way() {
    let test = TestTable::new().await;
    let mut written = Vec::new();
    for blocking in [true, false] {
        let tx = test.begin(blocking).await;
        let rows = [["one".into(), 1_i64.into()], [Value::Int(None), 2_i64.into()]];
        tx.insert("things", ["value", "code"], rows).await.unwrap();
        tx.insert("things", ["value"], [[Value::Uuid(Some(Uuid::nil()))]]).await.unwrap();
        tx.insert("things", ["value"], Vec::<[Value; 1]>::new()).await.unwrap();
        tx.commit().await.unwrap();
        written.push(test.read("SELECT quote(value) || quote(code) FROM things").await);
        test.clear().await;
    }
    assert_eq!(written[0], ["'one'1", "NULL2", "X'00000000000000000000000000000000'NULL"]);
    assert_eq!(written[0], written[1]);
}

#[tokio::test]
async fn row_that_cannot_be_inserted_undoes_those_before_it() {
    let test = TestTable::new().await;
    for blocking in [true, false] {
        let tx = test.begin(blocking).await;
        let rows = [1_i64, 2, 1].map(|code| [code.into()]);
        let error = tx.insert("things", ["code"], rows).await.unwrap_err();
        assert!(error.is_duplicate(), "{error}");
        drop(tx);
        assert!(test.read("SELECT 'left' FROM things").await.is_empty());
    }
}

/// An acknowledged message survives the power's failing whichever way it was stored.
#[tokio::test]
async fn commit_waits_for_the_disk_either_way() {
    let test = TestTable::new().await;
    for blocking in [true, false] {
        let tx = test.begin(blocking).await;
        let full = statement("SELECT zeroblob(16), synchronous FROM pragma_synchronous", []);
        assert_eq!(tx.numbers(full).await.unwrap(), [(Uuid::nil(), 2)], "FULL");
    }
}

/// See `.cargo/config.toml`.
#[tokio::test]
async fn statement_is_planned_once_for_all_values() {
    let test = TestTable::new().await;
    let options = test.read("SELECT compile_options FROM pragma_compile_options").await;
    assert!(options.iter().any(|it| it == "ENABLE_QPSG"), "{options:?}");
}

#[tokio::test]
async fn blocking_transaction_is_seen_when_it_is_committed_and_gone_when_it_is_dropped() {
    let test = TestTable::new().await;
    for (commit, rows) in [(false, 0), (true, 1)] {
        let tx = test.db.begin_blocking().await.unwrap();
        tx.run(statement("INSERT INTO things (value) VALUES (1)", [])).await.unwrap();
        assert!(test.read("SELECT value || '' FROM things").await.is_empty());
        if commit {
            tx.commit().await.unwrap();
        } else {
            drop(tx);
        }
        assert_eq!(test.read("SELECT value || '' FROM things").await.len(), rows);
    }
}

#[tokio::test]
async fn what_cannot_be_committed_is_undone() {
    let test = TestTable::new().await;
    let tx = test.db.begin_blocking().await.unwrap();
    // Its kind is looked for at the end.
    tx.run(statement("INSERT INTO things (late) VALUES ('none')", [])).await.unwrap();
    tx.commit().await.unwrap_err();
    for blocking in [true, false] {
        let tx = test.begin(blocking).await;
        tx.run(statement("INSERT INTO things (value) VALUES (1)", [])).await.unwrap();
        tx.commit().await.unwrap();
    }
    assert_eq!(test.read("SELECT value || '' FROM things").await.len(), 2);
}

#[tokio::test]
async fn violated_constraints_are_told_alike_either_way() {
    let test = TestTable::new().await;
    for blocking in [true, false] {
        let tx = test.begin(blocking).await;
        let insert = || tx.run(statement("INSERT INTO things (code) VALUES (1)", []));
        insert().await.unwrap();
        let twice = insert().await.unwrap_err();
        assert!(twice.is_duplicate(), "{twice}");
        assert!(
            twice.to_string().contains("(code: 2067) UNIQUE constraint failed: things.code"),
            "{twice}"
        );
        let orphan = statement("INSERT INTO things (kind) VALUES ('none')", []);
        let orphan = tx.run(orphan).await.unwrap_err();
        assert!(!orphan.is_duplicate(), "{orphan}");
        assert_eq!(ClientError::from(orphan).kind(), ErrorKind::Unauthorized);
        let unknown = tx.run(statement("INSERT INTO nowhere VALUES (1)", [])).await.unwrap_err();
        assert!(unknown.to_string().contains("no such table: nowhere"), "{unknown}");
        assert_eq!(ClientError::from(unknown).kind(), ErrorKind::Unavailable);
    }
}

/// A thousand clients who join at once queue for longer than PostgreSQL's three seconds, and longer than
/// anybody waits for the lock of the file.
#[tokio::test]
async fn burst_on_a_file_waits_for_its_turn_whichever_way_the_others_write() {
    let wait = async |blocking_first| {
        let test = TestTable::new().await;
        let first = test.begin(blocking_first).await;
        let mut second = std::pin::pin!(test.begin(!blocking_first));
        let early = tokio::time::timeout(Duration::from_millis(5_500), &mut second).await;
        assert!(early.is_err(), "one writes at a time");
        drop(first);
        second.await.commit().await.unwrap();
    };
    tokio::join!(wait(true), wait(false));
}

#[tokio::test]
async fn dropped_transaction_of_either_kind_makes_room_for_the_next() {
    let test = TestTable::new().await;
    for blocking in [true, false, false, true, true, false, true].repeat(5) {
        let tx = test.begin(blocking).await;
        tx.run(statement("INSERT INTO things (code) VALUES (1)", [])).await.unwrap();
    }
    assert!(test.read("SELECT code || '' FROM things").await.is_empty());
}

#[test]
fn other_work_that_blocks_is_not_waited_for() {
    let mut runtime = tokio::runtime::Builder::new_current_thread();
    let runtime = runtime.enable_all().max_blocking_threads(1).build().unwrap();
    let (end, ended) = std::sync::mpsc::channel::<()>();
    runtime.block_on(async {
        let test = TestTable::new().await;
        tokio::task::spawn_blocking(move || ended.recv());
        let db = Arc::new(test.db);
        for panics in [true, false] {
            let (done, told) = tokio::sync::oneshot::channel();
            let db = Arc::clone(&db);
            db.clone().spawn_blocking(async move {
                let tx = db.begin_blocking().await.unwrap();
                assert!(!panics, "a bug");
                let name = thread::current().name().map(str::to_owned);
                done.send((name, tx.commit().await.is_ok())).unwrap();
            });
            let told = tokio::time::timeout(Duration::from_secs(20), told).await.unwrap();
            let expected = (Some("sqlite".to_owned()), true);
            assert_eq!(told.ok(), (!panics).then_some(expected));
        }
    });
    drop(end);
}

/// What is `%` and `?` in an address is so in no name of a folder.
#[tokio::test]
async fn both_kinds_of_transactions_write_to_the_file_that_is_read() {
    for (data, file) in [("da%20ta?x", ""), ("data", "sqlite://{}/a%20b%3f.db?mode=rwc")] {
        let folder = tempfile::tempdir().unwrap();
        let url = file.replace("{}", folder.path().to_str().unwrap());
        let config = DatabaseConfig { url, ..DatabaseConfig::default() };
        let server = ServerConfig { data_dir: folder.path().join(data), ..ServerConfig::default() };
        let db = Database::open(Arc::new(config), Arc::new(server)).await.unwrap();
        let tx = db.begin().await.unwrap();
        tx.execute_unprepared("CREATE TABLE things (value)").await.unwrap();
        tx.commit().await.unwrap();
        let tx = db.begin_blocking().await.unwrap();
        tx.run(statement("INSERT INTO things (value) VALUES (1)", [])).await.unwrap();
        tx.commit().await.unwrap();
        let rows = db.read().query_all_raw(statement("SELECT * FROM things", [])).await;
        assert_eq!(rows.unwrap().len(), 1);
        let expected = if file.is_empty() { "da%20ta?x/hornero.db" } else { "a b?.db" };
        assert!(folder.path().join(expected).exists(), "{expected}");
    }
}

#[tokio::test]
async fn mistakes_with_a_blocking_transaction_are_explained() {
    let test = TestTable::new().await;
    let tx = test.db.begin_blocking().await.unwrap();
    let by_seaorm = tx.execute_unprepared("DELETE FROM things").await.unwrap_err();
    assert!(by_seaorm.to_string().contains("use Transaction::insert"), "{by_seaorm}");
    let too_few = statement("INSERT INTO things (value, code) VALUES ($1, $2)", [1_i64.into()]);
    let too_few = tx.run(too_few).await.unwrap_err().to_string();
    assert!(too_few.contains("Got 1, needed 2"), "{too_few}");
    let odd = statement("INSERT INTO things (value) VALUES (?)", ['c'.into()]);
    let odd = tx.run(odd).await.unwrap_err().to_string();
    assert!(odd.contains("no column of ours holds"), "{odd}");
    for sql in ["VALUES ($1, ?)", "VALUES (?, $0)", "VALUES (:one, :two)"] {
        let sql = format!("INSERT INTO things (value, code) {sql}");
        let odd = tx.run(statement(&sql, [1_i64.into(), 2_i64.into()])).await;
        assert!(odd.is_err(), "{sql}");
    }
}

/// A database with a table of things.
struct TestTable {
    db: Database,
    _folder: tempfile::TempDir,
}

impl TestTable {
    async fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let db = open(folder.path()).await;
        let tx = db.begin().await.unwrap();
        let tables = "CREATE TABLE kinds (id TEXT PRIMARY KEY);
            CREATE TABLE things (
                value,
                code INTEGER UNIQUE,
                kind TEXT REFERENCES kinds (id),
                late TEXT REFERENCES kinds (id) DEFERRABLE INITIALLY DEFERRED
            )";
        tx.execute_unprepared(tables).await.unwrap();
        tx.commit().await.unwrap();
        Self { db, _folder: folder }
    }

    async fn begin(&self, blocking: bool) -> Transaction {
        let begun = match blocking {
            true => self.db.begin_blocking().await,
            false => self.db.begin().await,
        };
        begun.unwrap()
    }

    async fn read(&self, sql: &str) -> Vec<String> {
        let rows = self.db.read().query_all_raw(statement(sql, [])).await.unwrap();
        rows.iter().map(|row: &QueryResult| row.try_get_by_index(0).unwrap()).collect()
    }

    async fn clear(&self) {
        let tx = self.db.begin().await.unwrap();
        tx.execute_unprepared("DELETE FROM things").await.unwrap();
        tx.commit().await.unwrap();
    }
}

fn statement(sql: &str, values: impl IntoIterator<Item = Value>) -> Statement {
    Statement::from_sql_and_values(DbBackend::Sqlite, sql, values)
}
