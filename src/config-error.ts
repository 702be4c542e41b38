/** What is wrong with the settings, apart from config.ts so that what that needs can say so too. Imports nothing. */

/** A setting, or where it is read from, cannot be used. `message` is for people: what is wrong, and where it is known the next step. */
export class ConfigError extends Error {}
