//! The servers of a cluster, and the secrets that its processes share.

use std::fs::File;
use std::io::Read;
use std::thread;

use anyhow::{Context, Result};
use sockbit_servers::{Folder, Postgres, RabbitMq};

pub struct Servers {
    pub postgres: Postgres,
    pub rabbitmq: RabbitMq,
    bus_secret: String,
    cookie_secret: String,
}

impl Servers {
    /// Starts both, each in a folder below this one.
    pub fn start(folder: &Folder) -> Result<Self> {
        let below = |name: &str| folder.below(name);
        let (for_postgres, for_rabbitmq) = (below("postgres")?, below("rabbitmq")?);
        let (postgres, rabbitmq) = thread::scope(|scope| {
            let rabbitmq = scope.spawn(|| RabbitMq::start_in(for_rabbitmq));
            let postgres = Postgres::start_in(for_postgres);
            let rabbitmq = rabbitmq.join().unwrap_or_else(|it| std::panic::resume_unwind(it));
            (postgres, rabbitmq)
        });
        Ok(Self {
            postgres: postgres?,
            rabbitmq: rabbitmq?,
            bus_secret: shared(folder, "bus.secret")?,
            cookie_secret: shared(folder, "cookie.secret")?,
        })
    }

    /// The address of the store.
    pub fn store(&self) -> String {
        self.postgres.url()
    }

    /// The address of the bus.
    pub fn bus(&self) -> String {
        self.rabbitmq.url()
    }

    /// The keys that messages on the bus are signed with.
    pub fn bus_keys(&self) -> String {
        format!("cluster:{}", self.bus_secret)
    }

    /// The secret that cookies are signed with.
    pub fn cookie_secret(&self) -> &str {
        &self.cookie_secret
    }

    pub fn stop(mut self) {
        self.rabbitmq.stop();
        self.postgres.stop();
    }
}

/// A secret that stays the same as long as the folder is kept.
fn shared(folder: &Folder, name: &str) -> Result<String> {
    let secret = random_text()?;
    Ok(folder.text_created_once(name, || secret)?)
}

/// 32 random bytes in hexadecimal.
fn random_text() -> Result<String> {
    let mut source =
        File::open("/dev/urandom").context("the system's random numbers cannot be read")?;
    let mut halves = [0; 2];
    for half in &mut halves {
        let mut bytes = [0; size_of::<u128>()];
        source.read_exact(&mut bytes).context("the system's random numbers cannot be read")?;
        *half = u128::from_ne_bytes(bytes);
    }
    let [first, second] = halves;
    Ok(format!("{first:032x}{second:032x}"))
}
