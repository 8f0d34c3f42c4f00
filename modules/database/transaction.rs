//! A write transaction, wherever its statements run.

use async_trait::async_trait;
use sea_orm::{
    ConnectionTrait, DatabaseTransaction, DbBackend, DbErr, ExecResult, QueryResult, Statement,
    Value,
    sea_query::{Expr, IntoIden, IntoTableRef, Query},
};
use tokio::sync::OwnedSemaphorePermit;
use uuid::Uuid;

use crate::{StorageError, blocking::BlockingTransaction};

const ONLY_STATEMENTS: &str = "a transaction that blocks gives SeaORM no rows: use \
                               Transaction::insert, run and numbers, or Database::begin";

/// A write transaction. Dropping it undoes it.
#[derive(Debug)]
pub struct Transaction {
    way: Way,
    /// On SQLite, where one writes at a time. The transaction ends before it.
    _turn: Option<OwnedSemaphorePermit>,
}

#[derive(Debug)]
enum Way {
    Pooled(DatabaseTransaction),
    Blocking(BlockingTransaction),
}

impl Transaction {
    pub(crate) fn pooled(tx: DatabaseTransaction, turn: Option<OwnedSemaphorePermit>) -> Self {
        Self { way: Way::Pooled(tx), _turn: turn }
    }

    pub(crate) fn blocking(tx: BlockingTransaction, turn: OwnedSemaphorePermit) -> Self {
        Self { way: Way::Blocking(tx), _turn: Some(turn) }
    }

    /// Runs a statement that gives no rows.
    ///
    /// # Errors
    ///
    /// [`StorageError`]; the transaction is of no use any more.
    pub async fn run(&self, statement: Statement) -> Result<(), StorageError> {
        match &self.way {
            Way::Pooled(tx) => {
                tx.execute_raw(statement).await?;
            }
            Way::Blocking(tx) => {
                tx.query(&statement, |_| Ok(()))?;
            }
        }
        Ok(())
    }

    /// Inserts rows, each with its values of `columns`.
    ///
    /// Where it blocks, each row has a statement of its own, which costs it no way to another thread:
    /// SQLite would write down what it might have to undo of one that inserts several.
    ///
    /// # Errors
    ///
    /// [`StorageError`]; the transaction is of no use any more.
    pub async fn insert<const N: usize>(
        &self,
        table: impl IntoTableRef + Send,
        columns: [impl IntoIden + Send; N],
        rows: impl IntoIterator<Item = [Value; N]> + Send,
    ) -> Result<(), StorageError> {
        let mut insert = Query::insert();
        insert.into_table(table).columns(columns);
        match &self.way {
            Way::Pooled(tx) => {
                let mut is_empty = true;
                for row in rows {
                    insert.values_panic(row.map(Expr::value));
                    is_empty = false;
                }
                if !is_empty {
                    let statement = tx.get_database_backend().build(&insert);
                    tx.execute_raw(statement).await?;
                }
            }
            Way::Blocking(tx) => {
                insert.values_panic([const { Value::Int(None) }; N].map(Expr::value));
                tx.run_each(&DbBackend::Sqlite.build(&insert).sql, rows)?;
            }
        }
        Ok(())
    }

    /// Runs a statement whose rows are an id and a number.
    ///
    /// # Errors
    ///
    /// [`StorageError`]; the transaction is of no use any more.
    pub async fn numbers(&self, statement: Statement) -> Result<Vec<(Uuid, i64)>, StorageError> {
        Ok(match &self.way {
            Way::Pooled(tx) => {
                let number = |row: QueryResult| {
                    Ok::<_, DbErr>((row.try_get_by_index(0)?, row.try_get_by_index(1)?))
                };
                let rows = tx.query_all_raw(statement).await?;
                rows.into_iter().map(number).collect::<Result<_, _>>()?
            }
            Way::Blocking(tx) => {
                tx.query(&statement, |row| Ok((Uuid::from_bytes(row.get(0)?), row.get(1)?)))?
            }
        })
    }

    fn orm(&self) -> Result<&DatabaseTransaction, DbErr> {
        match &self.way {
            Way::Pooled(tx) => Ok(tx),
            Way::Blocking(_) => Err(DbErr::Custom(ONLY_STATEMENTS.to_owned())),
        }
    }

    /// Makes all of it durable.
    ///
    /// # Errors
    ///
    /// [`StorageError`]; then nobody knows whether it is.
    pub async fn commit(self) -> Result<(), StorageError> {
        match self.way {
            Way::Pooled(tx) => tx.commit().await?,
            Way::Blocking(tx) => tx.commit()?,
        }
        Ok(())
    }
}

/// For transactions that are not [blocking](crate::Database::begin_blocking).
#[async_trait]
impl ConnectionTrait for Transaction {
    fn get_database_backend(&self) -> DbBackend {
        match &self.way {
            Way::Pooled(tx) => tx.get_database_backend(),
            Way::Blocking(_) => DbBackend::Sqlite,
        }
    }

    async fn execute_raw(&self, statement: Statement) -> Result<ExecResult, DbErr> {
        self.orm()?.execute_raw(statement).await
    }

    async fn execute_unprepared(&self, sql: &str) -> Result<ExecResult, DbErr> {
        self.orm()?.execute_unprepared(sql).await
    }

    async fn query_one_raw(&self, statement: Statement) -> Result<Option<QueryResult>, DbErr> {
        self.orm()?.query_one_raw(statement).await
    }

    async fn query_all_raw(&self, statement: Statement) -> Result<Vec<QueryResult>, DbErr> {
        self.orm()?.query_all_raw(statement).await
    }
}
