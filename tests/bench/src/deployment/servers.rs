//! The private servers below the processes under test. Each deployment has its own database and its
//! own virtual host.

use std::sync::atomic::{AtomicU32, Ordering};

use anyhow::{Context, Result};
use sockbit_servers::{Postgres, RabbitMq, Redis};

/// Servers that run until this is dropped.
pub struct Servers {
    pub postgres: Postgres,
    pub rabbitmq: RabbitMq,
    /// `None` if nothing that is measured uses it.
    pub redis: Option<Redis>,
    deployments: AtomicU32,
}

impl Servers {
    /// Starts the servers.
    pub fn start(needs_redis: bool) -> Result<Self> {
        let (postgres, rabbitmq) = std::thread::scope(|scope| {
            let rabbitmq = scope.spawn(RabbitMq::start);
            let postgres = Postgres::start();
            (postgres, rabbitmq.join().unwrap_or_else(|it| std::panic::resume_unwind(it)))
        });
        Ok(Self {
            postgres: postgres?,
            rabbitmq: rabbitmq?,
            redis: needs_redis.then(Redis::start).transpose()?,
            deployments: AtomicU32::new(0),
        })
    }

    /// A name that no other deployment has.
    pub fn fresh_name(&self) -> String {
        format!("bench{}", self.deployments.fetch_add(1, Ordering::Relaxed))
    }

    /// Creates a database; its address.
    pub fn create_database(&self, name: &str) -> Result<String> {
        self.postgres.psql(&format!("create database {name}"))?;
        Ok(self.postgres.url_of(name))
    }

    /// Removes a database.
    pub fn drop_database(&self, name: &str) -> Result<()> {
        self.postgres.psql(&format!("drop database if exists {name} with (force)"))?;
        Ok(())
    }

    /// Creates a virtual host; its address.
    pub fn create_virtual_host(&self, name: &str) -> Result<String> {
        self.rabbitmq.ctl(&["add_vhost", name])?;
        self.rabbitmq.ctl(&["set_permissions", "-p", name, "guest", ".*", ".*", ".*"])?;
        let url = self.rabbitmq.url();
        let (server, _) = url.rsplit_once('/').context("the address ends with a virtual host")?;
        Ok(format!("{server}/{name}"))
    }

    /// Removes a virtual host.
    pub fn delete_virtual_host(&self, name: &str) -> Result<()> {
        self.rabbitmq.ctl(&["delete_vhost", name])?;
        Ok(())
    }
}
