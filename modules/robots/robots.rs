//! The robots of the configuration, by their names.

use std::{collections::BTreeMap, sync::Arc};

use hornero::Metrics;

use crate::{
    config::{ECHO, RobotsConfig},
    echo::EchoMind,
    error::{OpenError, RobotError},
    http_mind::HttpMind,
    mind::Mind,
    robot::Robot,
};

/// All robots there are.
pub struct Robots {
    default: String,
    named: BTreeMap<String, Arc<Robot>>,
}

/// How a robot is that is another program.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Condition {
    /// Its name in the configuration.
    pub name: String,
    /// Whether it has failed again and again, and is let alone for a while.
    pub is_down: bool,
}

impl Robots {
    /// Makes the robots ready. Asks none of them yet.
    ///
    /// # Errors
    ///
    /// [`OpenError`], which tells the operator which one is at fault.
    pub(crate) fn open(
        config: Arc<RobotsConfig>,
        metrics: Arc<Metrics>,
    ) -> Result<Self, OpenError> {
        let mut named = BTreeMap::new();
        for (name, robot) in &config.named {
            let mind: Box<dyn Mind> = match robot.url.as_str() {
                ECHO => Box::new(EchoMind),
                _ => {
                    let mind = HttpMind::open(robot);
                    Box::new(mind.map_err(|it| OpenError::Robot(name.clone(), it))?)
                }
            };
            named.insert(name.clone(), Arc::new(Robot::new(name, mind, robot, &metrics)));
        }
        Ok(Self { default: config.default.clone(), named })
    }

    /// The robot of this name, or the default one.
    ///
    /// # Errors
    ///
    /// [`RobotError::NoSuchRobot`].
    pub(crate) fn find(&self, name: Option<&str>) -> Result<Arc<Robot>, RobotError> {
        let robot = self.named.get(name.unwrap_or(&self.default));
        robot.cloned().ok_or(RobotError::NoSuchRobot)
    }

    /// How those are that are other programs.
    pub fn conditions(&self) -> Vec<Condition> {
        let remote = self.named.values().filter(|it| it.is_remote);
        let condition =
            |it: &Arc<Robot>| Condition { name: it.name.clone(), is_down: it.open_for().is_some() };
        remote.map(condition).collect()
    }
}
