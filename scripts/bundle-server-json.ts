/** `server.json` for the MCP registry: how to install and start the package. Checked by the rules of the registry's schema. */
import { z } from 'zod'
import { SETTINGS } from '../src/config.ts'
import type { Package } from './bundle-manifest.ts'

const SCHEMA = 'https://static.modelcontextprotocol.io/schemas/2025-12-11/server.schema.json'

/** The rules of the schema and the registry for the fields used here. The schema's text is not part of this project. */
const Input = z.strictObject({
  name: z.string().min(1),
  description: z.string(),
  default: z.string().optional(),
  format: z.enum(['string', 'number', 'boolean', 'filepath']).optional(),
  isRequired: z.boolean().optional(),
})
const Version = z.string().regex(/^\d+\.\d+\.\d+(-[\w.-]+)?$/, 'one version, no range')
export const ServerJson = z.strictObject({
  $schema: z.literal(SCHEMA),
  name: z
    .string()
    .min(3)
    .max(200)
    .regex(/^[a-zA-Z0-9.-]+\/[a-zA-Z0-9._-]+$/),
  title: z.string().min(1).max(100),
  description: z.string().min(1).max(100),
  version: Version,
  packages: z.array(
    z.strictObject({
      registryType: z.literal('npm'),
      identifier: z.string(),
      version: Version,
      runtimeHint: z.literal('npx'),
      transport: z.strictObject({ type: z.literal('stdio') }),
      packageArguments: z.array(z.strictObject({ type: z.literal('positional'), value: z.string() })),
      environmentVariables: z.array(Input),
    }),
  ),
})

/** The settings that a user can change during the install; all have defaults. */
const SHOWN = ['WHATSAPP_MCP_PORT', 'WHATSAPP_AUTH_DIR', 'WHATSAPP_CHROME_EXECUTABLE'] as const

/** Returns the checked `server.json`. @throws ZodError if the registry would reject it */
export function createServerJson({ name, version, mcpName }: Package): z.output<typeof ServerJson> {
  return ServerJson.parse({
    $schema: SCHEMA,
    name: mcpName,
    title: 'WhatsApp',
    description: 'Your own WhatsApp account for your agents: read, search and send, all on your computer',
    version,
    packages: [
      {
        registryType: 'npm',
        identifier: name,
        version,
        runtimeHint: 'npx',
        transport: { type: 'stdio' },
        packageArguments: [{ type: 'positional', value: 'stdio' }],
        environmentVariables: SHOWN.map((variable) => ({
          name: variable,
          description: SETTINGS[variable].help,
        })),
      },
    ],
  })
}
