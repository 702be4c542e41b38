/** The row that stores a file for a later send. */
import { z } from 'zod'
import { defineUpload } from './operation.ts'

export const uploadFile = defineUpload({
  name: 'upload_file',
  title: 'Upload a file',
  tag: 'messages',
  description:
    'Stores a file for one hour, to send it with {{send_media}}. The body is the file itself, as `curl -T photo.jpg` sends it, and Content-Type is its media type. The largest size is the setting WHATSAPP_MAX_UPLOAD_MIB. Returns 413 without reading a body that is larger, and uploads_full if the files of the caller would take more than WHATSAPP_UPLOAD_QUOTA_MIB. A multipart form returns 415.',
  scope: 'send',
  needs: 'nothing',
  isGlobal: true,
  isForEach: true,
  routes: ['PUT /api/uploads'],
  input: z.strictObject({}),
  output: z.object({
    ok: z.literal(true),
    id: z.string().describe('Id of the upload.'),
    sha256: z.string().describe('SHA-256 of the bytes, in hexadecimal.'),
    size_bytes: z.int(),
    mimetype: z
      .string()
      .describe(
        'Media type by the first bytes of the file, else the stated Content-Type, else application/octet-stream.',
      ),
    expires_at: z.string().describe('When the server deletes the file, ISO 8601 UTC.'),
  }),
  errors: ['account_not_found', 'uploads_full', 'disk_full'],
  example: { input: {} },
  async run(_, { uploads }, body) {
    const { id, sha256, sizeBytes, mimetype, expiresAtMs } = await uploads.add(body)
    return {
      ok: true as const,
      id,
      sha256,
      size_bytes: sizeBytes,
      mimetype,
      expires_at: new Date(expiresAtMs).toISOString(),
    }
  },
})
