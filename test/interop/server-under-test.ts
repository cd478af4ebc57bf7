import { waitFor } from '../support/condition.js';
import { ServerProcess } from '../support/server-process.js';

/** What `GET /v1/stream/sessions/{id}/status` answers. */
export interface SessionStatus {
  readonly status: 'active' | 'unknown';
  readonly state?: string;
  readonly close_reason?: string;
}

/** A server with one pipeline, and what the tests ask it about its sessions. */
export class ServerUnderTest implements AsyncDisposable {
  private constructor(private readonly server: ServerProcess) {}

  static async start(pipeline: string): Promise<ServerUnderTest> {
    // The announced loopback address is what lets the tests run on a machine without a network.
    const environment = { TELEFUSER_ICE_HOST_ADDRESSES: '["127.0.0.1"]' };
    return new ServerUnderTest(await ServerProcess.start(pipeline, { environment }));
  }

  /** With a slash at the end. */
  get url(): string {
    return this.server.url;
  }

  async status(sessionId: string): Promise<SessionStatus> {
    return (await this.server.get(`v1/stream/sessions/${sessionId}/status`)) as unknown as SessionStatus;
  }

  /** Resolves to why a session was closed, once it is. */
  async closeReason(sessionId: string): Promise<string | undefined> {
    const status = await waitFor(
      () => `session ${sessionId} to be closed\n${this.server.log}`,
      async () => {
        const answer = await this.status(sessionId);
        return answer.status === 'unknown' && answer;
      },
    );
    return status.close_reason;
  }

  /** Resolves when no session is open. */
  async idle(): Promise<void> {
    await waitFor(
      () => `all sessions to be closed\n${this.server.log}`,
      async () => (await this.server.get('v1/service/health'))['webrtc_active_sessions'] === 0,
    );
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.server.stop();
  }
}
