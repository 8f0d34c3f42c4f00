//! The module graph: who sees what, and the check that everything fits.

use std::{
    any::TypeId,
    collections::{BTreeSet, HashMap, HashSet},
    sync::Arc,
};

use crate::{
    gateway::EventAccess,
    mistake::{self, Holder, Mistake, Need},
    module::{Module, ModuleDef},
    provider::{Instance, Key, Place, Provider},
};

/// Events that the libraries of clients keep for themselves: they refuse to send them, and take those
/// that come for their own.
const RESERVED: [&str; 6] =
    ["connect", "connect_error", "disconnect", "disconnecting", "newListener", "removeListener"];

/// The modules of an app, those that are imported before those that import them.
pub(crate) struct Graph {
    pub(crate) modules: Vec<Node>,
    root: TypeId,
    /// Values that every module sees: the framework's own.
    pub(crate) globals: HashMap<Key, Instance>,
    pub(crate) overrides: Vec<Override>,
}

pub(crate) struct Node {
    id: TypeId,
    pub(crate) def: ModuleDef,
}

/// A provider that takes the place of another one.
#[derive(Clone)]
pub(crate) struct Override {
    pub(crate) provider: Arc<Provider>,
    /// Module whose provider is replaced; without it there must be only one.
    pub(crate) module: Option<TypeId>,
}

/// Where a module finds what it asks for.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) enum Source {
    /// A value of the framework.
    Global(Key),
    /// A provider, by the index of its module and its own.
    Provider { module: usize, provider: usize },
}

/// What a module imports and exports, by name.
#[derive(Debug, Clone, PartialEq)]
pub struct ModuleInfo {
    /// Name of the module's type.
    pub name: String,
    /// Modules that it imports.
    pub imports: Vec<String>,
    /// Types that it exports.
    pub exports: Vec<String>,
}

impl Graph {
    pub(crate) fn of<M: Module>() -> Self {
        let mut graph = Self {
            modules: Vec::new(),
            root: TypeId::of::<M>(),
            globals: HashMap::new(),
            overrides: Vec::new(),
        };
        graph.add(TypeId::of::<M>(), ModuleDef::of::<M>, &mut HashSet::new());
        graph
    }

    fn add(&mut self, id: TypeId, read: fn() -> ModuleDef, seen: &mut HashSet<TypeId>) {
        if !seen.insert(id) {
            return;
        }
        let def = read();
        for import in &def.imports {
            self.add(import.module, import.read, seen);
        }
        self.modules.push(Node { id, def });
    }

    pub(crate) fn info(&self, def: &ModuleDef) -> ModuleInfo {
        let imports = def.imports.iter().map(|it| self.name(self.index(it.module)).to_owned());
        ModuleInfo {
            name: def.name.clone(),
            imports: imports.collect(),
            exports: def.exports.iter().map(|(key, _)| key.to_string()).collect(),
        }
    }

    pub(crate) fn root(&self) -> usize {
        self.index(self.root)
    }

    fn index(&self, id: TypeId) -> usize {
        let position = self.modules.iter().position(|it| it.id == id);
        position.expect("every imported module was added")
    }

    pub(crate) fn name(&self, module: usize) -> &str {
        &self.modules[module].def.name
    }

    /// The provider that is in force: the module's own, or the one in its place.
    pub(crate) fn provider(&self, module: usize, provider: usize) -> &Provider {
        let own = &self.modules[module].def.providers[provider];
        self.replacement(module, own.key).unwrap_or(own)
    }

    fn replacement(&self, module: usize, key: Key) -> Option<&Provider> {
        let id = self.modules[module].id;
        let mut overrides = self.overrides.iter().filter(|it| it.provider.key == key);
        let of = |it: &&Override| it.module == Some(id);
        let found = overrides.clone().find(of).or_else(|| overrides.find(|it| it.module.is_none()));
        found.map(|it| &*it.provider)
    }

    /// What `module` may use as `key`: its own provider, or what its imports export.
    /// More than one source is a mistake.
    fn sources(&self, module: usize, key: Key) -> BTreeSet<(usize, usize)> {
        self.sources_beyond(module, key, &mut HashSet::new())
    }

    fn sources_beyond(
        &self,
        module: usize,
        key: Key,
        seen: &mut HashSet<usize>,
    ) -> BTreeSet<(usize, usize)> {
        if !seen.insert(module) {
            return BTreeSet::new();
        }
        let def = &self.modules[module].def;
        if let Some(own) = def.providers.iter().position(|it| it.key == key) {
            return BTreeSet::from([(module, own)]);
        }
        let imports = def.imports.iter().map(|it| self.index(it.module));
        let exporting = imports.filter(|it| self.exports(*it, key)).collect::<Vec<_>>();
        exporting.into_iter().flat_map(|it| self.sources_beyond(it, key, seen)).collect()
    }

    fn exports(&self, module: usize, key: Key) -> bool {
        self.modules[module].def.exports.iter().any(|(exported, _)| *exported == key)
    }

    /// The one source of `key` for `module`.
    pub(crate) fn source(&self, module: usize, key: Key) -> Option<Source> {
        if self.globals.contains_key(&key) {
            return Some(Source::Global(key));
        }
        let (module, provider) = self.sources(module, key).into_iter().next()?;
        Some(Source::Provider { module, provider })
    }

    /// Finds every mistake of the graph without running a constructor.
    pub(crate) fn check(&self) -> Vec<Mistake> {
        let mut mistakes = Vec::new();
        for module in 0..self.modules.len() {
            self.check_providers(module, &mut mistakes);
            self.check_needs(module, &mut mistakes);
            self.check_exports(module, &mut mistakes);
        }
        self.check_unused(&mut mistakes);
        self.check_dependency_circles(&mut mistakes);
        self.check_module_circles(&mut mistakes);
        self.check_events(&mut mistakes);
        self.check_overrides(&mut mistakes);
        mistakes
    }

    fn check_providers(&self, module: usize, mistakes: &mut Vec<Mistake>) {
        let providers = &self.modules[module].def.providers;
        for (index, provider) in providers.iter().enumerate() {
            mistakes.extend(mistake::wrong_method(provider.key, provider.place));
            // Two in one app would be told apart by nobody, and only one of them is alive.
            if self.globals.contains_key(&provider.key) {
                let name = self.name(module);
                mistakes.push(mistake::of_the_framework(provider.key, name, provider.place));
            }
            if let Some(first) = providers[..index].iter().find(|it| it.key == provider.key) {
                let name = self.name(module);
                let places = (first.place, provider.place);
                mistakes.push(mistake::duplicate(provider.key, name, places.0, places.1));
            }
        }
    }

    fn check_needs(&self, module: usize, mistakes: &mut Vec<Mistake>) {
        for need in self.needs(module) {
            if self.globals.contains_key(&need.wanted) {
                continue;
            }
            let sources = self.sources(module, need.wanted);
            if sources.is_empty() {
                mistakes.push(mistake::missing(&need, &self.holder(module, need.wanted)));
            } else if sources.len() > 1 {
                let owners: Vec<_> = sources.iter().map(|(owner, _)| self.name(*owner)).collect();
                mistakes.push(mistake::ambiguous(&need, &owners));
            }
        }
    }

    /// Everything the module's constructors and hooks ask for. An overridden
    /// constructor is not called, so it needs nothing; the one in its place does.
    fn needs(&self, module: usize) -> Vec<Need<'_>> {
        let def = &self.modules[module].def;
        let providers = (0..def.providers.len()).map(|it| self.provider(module, it));
        let constructors = providers.map(|it| (Some(it.key), &it.dependencies, it.place));
        let hooks = def.on_init.iter().chain(&def.tasks).chain(&def.on_shutdown);
        let hooks = hooks.map(|it| (None, &it.dependencies, it.place));
        constructors
            .chain(hooks)
            .flat_map(|(built, dependencies, place)| {
                dependencies.iter().enumerate().map(move |(index, wanted)| Need {
                    built,
                    argument: index + 1,
                    wanted: *wanted,
                    module: &def.name,
                    place,
                })
            })
            .collect()
    }

    /// Who could give `wanted` to `module`.
    fn holder(&self, module: usize, wanted: Key) -> Holder<'_> {
        let others = || (0..self.modules.len()).filter(|it| *it != module);
        let has = |it: &usize| !self.sources(*it, wanted).is_empty();
        if let Some(owner) = others().find(|it| self.exports(*it, wanted) && has(it)) {
            return Holder::Exported { module: self.name(owner) };
        }
        for owner in others() {
            let providers = &self.modules[owner].def.providers;
            if let Some(provider) = providers.iter().find(|it| it.key == wanted) {
                let imports = &self.modules[module].def.imports;
                let imported = imports.iter().any(|it| self.index(it.module) == owner);
                return Holder::Private {
                    module: self.name(owner),
                    place: provider.place,
                    imported,
                };
            }
        }
        Holder::Nobody
    }

    fn check_exports(&self, module: usize, mistakes: &mut Vec<Mistake>) {
        for (key, place) in &self.modules[module].def.exports {
            if self.sources(module, *key).is_empty() {
                mistakes.push(mistake::not_exportable(*key, self.name(module), place));
            }
        }
    }

    fn check_unused(&self, mistakes: &mut Vec<Mistake>) {
        for (module, node) in self.modules.iter().enumerate() {
            let needed: HashSet<_> = self.needs(module).iter().map(|it| it.wanted).collect();
            let replaced = |key| self.replacement(module, key).is_some();
            for provider in &node.def.providers {
                let mounted = node.def.mounts.iter().any(|it| it.key == provider.key);
                let exported = self.exports(module, provider.key);
                let used = mounted || exported || needed.contains(&provider.key);
                // Nobody can ask for that, which is a mistake of its own.
                let wrong = mistake::wrong_method(provider.key, provider.place).is_some()
                    || self.globals.contains_key(&provider.key);
                // An override may have taken away the only one who asked for it.
                let excused = node
                    .def
                    .providers
                    .iter()
                    .any(|it| replaced(it.key) && it.dependencies.contains(&provider.key));
                if !used && !wrong && !excused && !replaced(provider.key) {
                    mistakes.push(mistake::unused(provider.key, &node.def.name, provider.place));
                }
            }
        }
    }

    fn check_dependency_circles(&self, mistakes: &mut Vec<Mistake>) {
        let mut done = HashSet::new();
        for module in 0..self.modules.len() {
            for provider in 0..self.modules[module].def.providers.len() {
                self.follow(module, provider, &mut Vec::new(), &mut done, mistakes);
            }
        }
    }

    /// Follows the dependencies of a provider depth first; each is left only once, so
    /// a circle is found once, however many constructors it has.
    fn follow(
        &self,
        module: usize,
        provider: usize,
        path: &mut Vec<(usize, usize)>,
        done: &mut HashSet<(usize, usize)>,
        mistakes: &mut Vec<Mistake>,
    ) {
        let here = (module, provider);
        if let Some(start) = path.iter().position(|it| *it == here) {
            let circle = path[start..].iter().chain([&here]);
            let keys: Vec<_> = circle.map(|it| self.provider(it.0, it.1).key).collect();
            let place = self.provider(module, provider).place;
            mistakes.push(mistake::dependency_circle(&keys, place));
            return;
        }
        if done.contains(&here) {
            return;
        }
        path.push(here);
        let dependencies = &self.provider(module, provider).dependencies;
        for (argument, wanted) in dependencies.iter().enumerate() {
            if dependencies[..argument].contains(wanted) {
                continue;
            }
            for (owner, index) in self.sources(module, *wanted) {
                self.follow(owner, index, path, done, mistakes);
            }
        }
        path.pop();
        done.insert(here);
    }

    fn check_module_circles(&self, mistakes: &mut Vec<Mistake>) {
        let mut done = HashSet::new();
        for module in 0..self.modules.len() {
            self.follow_imports(module, &mut Vec::new(), &mut done, mistakes);
        }
    }

    fn follow_imports(
        &self,
        module: usize,
        path: &mut Vec<usize>,
        done: &mut HashSet<usize>,
        mistakes: &mut Vec<Mistake>,
    ) {
        if done.contains(&module) {
            return;
        }
        path.push(module);
        for import in &self.modules[module].def.imports {
            let imported = self.index(import.module);
            if let Some(start) = path.iter().position(|it| *it == imported) {
                let circle = path[start..].iter().chain([&imported]);
                let names: Vec<_> = circle.map(|it| self.name(*it)).collect();
                mistakes.push(mistake::module_circle(&names, import.place));
            } else {
                self.follow_imports(imported, path, done, mistakes);
            }
        }
        path.pop();
        done.insert(module);
    }

    fn check_events(&self, mistakes: &mut Vec<Mistake>) {
        let mut taken: HashMap<(&str, &str), (Key, Place)> = HashMap::new();
        for gateway in self.modules.iter().flat_map(|it| &it.def.gateways) {
            for namespace in gateway.namespaces.iter().filter(|it| !it.starts_with('/')) {
                mistakes.push(mistake::wrong_namespace(namespace, gateway.gateway, gateway.place));
            }
            let emitted = gateway.emitted.iter().map(|it| (it.name, it.place));
            let handled = gateway.handled.iter().map(|it| (it.name, it.place));
            for (event, place) in handled.chain(emitted).filter(|it| RESERVED.contains(&it.0)) {
                mistakes.push(mistake::reserved_event(event, gateway.gateway, place));
            }
            for event in &gateway.handled {
                if gateway.access == EventAccess::Guarded && event.signature.access.is_empty() {
                    mistakes.push(mistake::unguarded(event.name, gateway.gateway, event.place));
                }
                for namespace in gateway.namespaces {
                    let here = (gateway.gateway, event.place);
                    if let Some(first) = taken.insert((namespace, event.name), here) {
                        mistakes.push(mistake::duplicate_event(
                            event.name,
                            namespace,
                            [first.0, here.0],
                            [first.1, here.1],
                        ));
                    }
                }
            }
        }
    }

    fn check_overrides(&self, mistakes: &mut Vec<Mistake>) {
        for Override { provider, module } in &self.overrides {
            let owners: Vec<_> = self
                .modules
                .iter()
                .filter(|node| module.is_none_or(|id| id == node.id))
                .filter(|node| node.def.providers.iter().any(|it| it.key == provider.key))
                .map(|node| node.def.name.as_str())
                .collect();
            if owners.len() != 1 {
                mistakes.push(mistake::useless_override(provider, &owners));
            }
        }
    }
}
