/** The error of the settings. It is not in config.ts, because modules that config.ts imports throw it too. Imports nothing. */

/** A setting, or its source, cannot be used. `message` is for people: it says what is wrong and, if known, the next step. */
export class ConfigError extends Error {}
