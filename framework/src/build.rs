//! Building: constructors are called, each once for its module.

use std::{collections::HashMap, fmt, future::Future, panic::Location, pin::Pin, sync::Arc};

use crate::{
    config::ConfigProblems,
    graph::{Graph, Source},
    mistake::Mistakes,
    module::Hook,
    provider::{BoxError, Instance, Key},
};

/// Builds instances, each once for its module.
pub(crate) struct Builder {
    pub(crate) graph: Arc<Graph>,
    built: HashMap<(usize, usize), Instance>,
}

impl Builder {
    pub(crate) fn new(graph: Graph) -> Self {
        Self { graph: Arc::new(graph), built: HashMap::new() }
    }

    /// What `module` means by `key`.
    pub(crate) async fn get(&mut self, module: usize, key: Key) -> Result<Instance, StartError> {
        match self.graph.source(module, key) {
            Some(Source::Global(key)) => Ok(Arc::clone(&self.graph.globals[&key])),
            Some(Source::Provider { module, provider }) => self.build(module, provider).await,
            None => {
                Err(StartError::Unknown { wanted: key, module: self.graph.name(module).to_owned() })
            }
        }
    }

    /// Boxed, since a provider's dependencies are built the same way.
    fn build(
        &mut self,
        module: usize,
        provider: usize,
    ) -> Pin<Box<dyn Future<Output = Result<Instance, StartError>> + Send + '_>> {
        Box::pin(async move {
            if let Some(built) = self.built.get(&(module, provider)) {
                return Ok(Arc::clone(built));
            }
            let graph = Arc::clone(&self.graph);
            let it = graph.provider(module, provider);
            let arguments = self.arguments(module, &it.dependencies).await?;
            let instance =
                it.build(&arguments).await.map_err(|source| StartError::Constructor {
                    built: it.key,
                    module: graph.name(module).to_owned(),
                    place: it.place,
                    source,
                })?;
            self.built.insert((module, provider), Arc::clone(&instance));
            Ok(instance)
        })
    }

    pub(crate) async fn arguments(
        &mut self,
        module: usize,
        dependencies: &[Key],
    ) -> Result<Vec<Instance>, StartError> {
        let mut arguments = Vec::with_capacity(dependencies.len());
        for key in dependencies {
            arguments.push(self.get(module, *key).await?);
        }
        Ok(arguments)
    }
}

/// Runs an `on_init` hook.
pub(crate) async fn run(hook: &Hook, arguments: &[Instance]) -> Result<(), StartError> {
    let failed = |source| StartError::Hook { place: hook.place, source };
    (hook.run)(arguments).await.map_err(failed)
}

/// Reason the server did not start.
#[derive(thiserror::Error)]
pub enum StartError {
    /// The configuration has mistakes.
    #[error(transparent)]
    Config(#[from] ConfigProblems),

    /// The modules have mistakes.
    #[error("the modules do not fit together:\n\n{0}")]
    Wiring(#[from] Mistakes),

    /// A constructor failed.
    #[error("{source}\n  --> while building `{built}` of `{module}` ({place})")]
    Constructor {
        /// What was to be built.
        built: Key,
        /// Module that provides it.
        module: String,
        /// Where the module does.
        place: &'static Location<'static>,
        /// The constructor's own account.
        source: BoxError,
    },

    /// An `on_init` hook failed.
    #[error("{source}\n  --> in the on_init hook at {place}")]
    Hook {
        /// Where the hook is registered.
        place: &'static Location<'static>,
        /// The hook's own account.
        source: BoxError,
    },

    /// [`App::resolve`](crate::App::resolve) was asked for something that the root module does not have.
    #[error("`{module}` has no `{wanted}`: provide it there, or import a module that exports it")]
    Unknown {
        /// What was asked for.
        wanted: Key,
        /// The root module.
        module: String,
    },
}

/// For people, too: `unwrap` and a `main` that fails show errors in this form.
impl fmt::Debug for StartError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}
