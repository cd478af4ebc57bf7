// Made by "npm run openapi" from openapi-3.1.json; do not edit.
export interface paths {
    "/livez": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** Liveness: nothing is broken that a restart would mend */
        get: operations["probesLivez"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/readyz": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** Readiness: offers are taken */
        get: operations["probesReadyz"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/startupz": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** Startup: the pipeline has been ready once */
        get: operations["probesStartupz"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/v1/service/health": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** Health, always with status 200 */
        get: operations["serviceHealth"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/v1/service/metadata": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** The pipeline, its mode, and the settings a client may care for */
        get: operations["serviceMetadata"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/v1/service/metrics": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * Metrics for Prometheus
         * @description The same as `/metrics` on the management listener. OpenMetrics for whoever asks for it with `Accept`.
         */
        get: operations["serviceMetricsText"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/v1/service/metrics/json": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * Figures of the service
         * @description Since the server's start, of all sessions; but for the event loop's delay, which is of the last minute.
         */
        get: operations["serviceMetrics"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/v1/service/ready": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** The same, with status 503 until an offer would be served */
        get: operations["serviceReady"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/v1/stream/ice-servers": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * Get an ICE configuration
         * @description STUN and TURN servers for `new RTCPeerConnection({ iceServers, iceTransportPolicy })`. TURN credentials are minted for the caller where the server shares a secret with the TURN servers: ask anew for every connection.
         */
        get: operations["iceServersGet"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/v1/stream/sessions/{session_id}": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        post?: never;
        /** Close a session */
        delete: operations["sessionsClose"];
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/v1/stream/sessions/{session_id}/stats": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * Figures of a session
         * @description Pictures and sound by their fate, the network, and how long each stage took, since the session was opened.
         */
        get: operations["sessionsStats"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/v1/stream/sessions/{session_id}/status": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * Ask about a session
         * @description Always 200 to who may ask: a session that is not open, or not yours, is `unknown`.
         */
        get: operations["sessionsStatus"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/v1/stream/tokens": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /**
         * Make a token for one session
         * @description For a browser, which cannot keep an API key secret: the token may open one session until it expires, and read and close that session as long as it lives. It belongs to whoever had it made. No token is made with a token.
         */
        post: operations["streamTokensCreate"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/v1/stream/webrtc/{session_id}": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        post?: never;
        /** Close a session */
        delete: operations["webRtcClose"];
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/v1/stream/webrtc/offer": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /**
         * Open a session
         * @description Answers an SDP offer. The answer carries all ICE candidates; no trickle is needed. ICE is restarted by a PATCH to `/v1/stream/whep/{session_id}`.
         */
        post: operations["webRtcOffer"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/v1/stream/whep": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * Recognise the endpoint
         * @description Empty, with the content type by which players know a WHEP endpoint.
         */
        get: operations["whepDiscover"];
        put?: never;
        /**
         * Open a session by WHEP
         * @description For players that speak WHEP (draft-ietf-wish-whep). The fields of the offer are query parameters; any further one is handed to the pipeline as text. The answer carries all ICE candidates. A bidirectional pipeline is only served to a player that offers a data channel.
         */
        post: operations["whepOpen"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/v1/stream/whep/{session_id}": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** Ask whether a session is open, and for its ICE session */
        get: operations["whepFind"];
        put?: never;
        post?: never;
        /** Close a session by WHEP */
        delete: operations["whepClose"];
        options?: never;
        head?: never;
        /**
         * Trickle candidates, or restart ICE
         * @description The fragment has the ICE credentials of the client and its candidates. With the credentials that the session has, the candidates are added. With others ICE is restarted: media goes on by the old path until the new one is found.
         */
        patch: operations["whepUpdate"];
        trace?: never;
    };
}
export type webhooks = Record<string, never>;
export interface components {
    schemas: {
        AudioStats: {
            /**
             * @description Their bytes.
             * @example 9876543
             */
            bytes: number;
            /**
             * @description Of these, not sent, by reason.
             * @example {
             *       "superseded": 0,
             *       "late": 0,
             *       "surplus": 0,
             *       "failed": 0,
             *       "closed": 0
             *     }
             */
            dropped_ms: {
                [key: string]: number;
            };
            /**
             * @description Full intra requests the client sent.
             * @example 0
             */
            firs: number;
            /**
             * @description Negative acknowledgements the client sent.
             * @example 9
             */
            nacks: number;
            /**
             * @description Packets, without retransmissions.
             * @example 9120
             */
            packets: number;
            /**
             * @description Picture loss indications the client sent.
             * @example 1
             */
            plis: number;
            /**
             * @description Bytes sent only to learn what the network takes.
             * @example 24000
             */
            probe_bytes: number;
            /**
             * @description Of these, waiting for their time.
             * @example 40
             */
            queued_ms: number;
            /**
             * @description Milliseconds of sound that came from the pipeline.
             * @example 100000
             */
            received_ms: number;
            /**
             * @description Packets that carried earlier ones again.
             * @example 0
             */
            redundant_packets: number;
            /**
             * @description Their bytes.
             * @example 13200
             */
            retransmitted_bytes: number;
            /**
             * @description Packets that were sent again.
             * @example 12
             */
            retransmitted_packets: number;
            /**
             * @description Of these, sent.
             * @example 99960
             */
            sent_ms: number;
            /**
             * @description Milliseconds of silence sent where there was no sound.
             * @example 0
             */
            silence_ms: number;
        };
        DroppedFrames: {
            /**
             * @description The session was over.
             * @example 0
             */
            closed: number;
            /**
             * @description The network takes fewer than there are.
             * @example 0
             */
            congested: number;
            /**
             * @description The codecs failed.
             * @example 0
             */
            failed: number;
            /**
             * @description Their time had passed.
             * @example 0
             */
            late: number;
            /**
             * @description The client takes no video.
             * @example 0
             */
            no_track: number;
            /**
             * @description Newer media made them superfluous.
             * @example 0
             */
            superseded: number;
            /**
             * @description They are no pictures.
             * @example 0
             */
            undecodable: number;
        };
        EventLoopDelayDto: {
            /**
             * @description The latest, milliseconds.
             * @example 6.8
             */
            max: number;
            /**
             * @description Median, milliseconds.
             * @example 0.1
             */
            p50: number;
            /**
             * @description 99 % were no later, milliseconds.
             * @example 2.4
             */
            p99: number;
            /**
             * @description Seconds that these figures are of: the last minute, or as long as the server runs.
             * @example 57.5
             */
            window_seconds: number;
        };
        FieldErrorDto: {
            /**
             * @description What is wrong with the field.
             * @example sdp must be a string
             */
            detail: string;
            /**
             * @description JSON pointer into the body (RFC 6901); empty: the whole body.
             * @example /sdp
             */
            pointer: string;
        };
        FrameLedger: {
            /** @description Of these, not sent. */
            dropped: components["schemas"]["DroppedFrames"];
            /**
             * @description Pictures that came from the pipeline's process.
             * @example 2400
             */
            generated: number;
            /**
             * @description Of these, waiting for their time.
             * @example 2
             */
            queued: number;
            /**
             * @description Of these, sent.
             * @example 2398
             */
            sent: number;
        };
        IceServer: {
            /**
             * @description TURN only.
             * @example gSXS9Kgt1Y1GzUKKN0o7cKbVKqI=
             */
            credential?: string;
            /**
             * @example [
             *       "turn:turn.example.com:3478",
             *       "turns:turn.example.com:5349?transport=tcp"
             *     ]
             */
            urls: string[];
            /**
             * @description TURN only.
             * @example 1767225600:5c3f0b6e
             */
            username?: string;
        };
        IceServers: {
            /**
             * Format: date-time
             * @description When they expire.
             * @example 2026-01-01T00:00:00.000Z
             */
            expires_at?: string;
            /** @description For `RTCConfiguration.iceServers`; empty where none are configured. */
            ice_servers: components["schemas"]["IceServer"][];
            /**
             * @description For `RTCConfiguration.iceTransportPolicy`.
             * @example all
             * @enum {string}
             */
            ice_transport_policy: "all" | "relay";
            /**
             * @description Seconds for which the minted TURN credentials are good; absent where none were minted.
             * @example 86400
             */
            ttl?: number;
        };
        Latency: {
            /**
             * @description How often it was measured.
             * @example 2398
             */
            count: number;
            /**
             * @description The longest; null as long as there was none.
             * @example 31.1
             */
            max_ms: number | null;
            /**
             * @description Median; null as long as there was none.
             * @example 8.7
             */
            p50_ms: number | null;
            /**
             * @description 95 % took no longer; null as long as there was none.
             * @example 14.2
             */
            p95_ms: number | null;
            /**
             * @description 99 % took no longer; null as long as there was none.
             * @example 19.6
             */
            p99_ms: number | null;
            /**
             * @description All of them together.
             * @example 21582.4
             */
            sum_ms: number;
        };
        NetworkStats: {
            /**
             * @description Bits a second the network is thought to take; null as long as nothing was learnt.
             * @example 2470000
             */
            estimate: number | null;
            /**
             * @description Share of the packets that was lost lately.
             * @example 0
             */
            loss_fraction: number;
            /**
             * @description Bits a second at which packets leave.
             * @example 5250000
             */
            pacing_bitrate: number;
            /**
             * @description Milliseconds; null until the client reported.
             * @example 21.5
             */
            round_trip_ms: number | null;
            /**
             * @description What the target follows: nothing yet, the arrival of each packet, or the estimate of the client.
             * @example transport-feedback
             * @enum {string}
             */
            source: "start" | "transport-feedback" | "remb";
            /**
             * @description Bits a second that everything sent may take.
             * @example 2100000
             */
            target_bitrate: number;
            /**
             * @description Whether queues grow or drain on the way.
             * @example normal
             * @enum {string}
             */
            usage: "normal" | "overusing" | "underusing";
        };
        ProbeDto: {
            /** @description The reason, in one line; only with status 503. */
            detail?: string;
            /** @description Both together. */
            details: {
                [key: string]: unknown;
            };
            /** @description What is down, and why. */
            error?: {
                [key: string]: unknown;
            };
            /** @description What is up or degraded. */
            info?: {
                [key: string]: unknown;
            };
            /**
             * @description `error` and `shutting_down` go with status 503; `degraded` is up, though not in full.
             * @example ok
             * @enum {string}
             */
            status: "ok" | "degraded" | "error" | "shutting_down";
        };
        ProblemDto: {
            /**
             * @description Stable code to branch on. A newer server may have more codes: take one you do not know by its status.
             * @example validation-failed
             */
            code: string;
            /**
             * @description What was wrong with this request.
             * @example sdp must be a string.
             */
            detail: string;
            /** @description The invalid fields; only with `validation-failed`. */
            errors?: components["schemas"]["FieldErrorDto"][];
            /**
             * Format: uri
             * @description Name of this occurrence: `urn:telefuser:request:` and the id of the request, which is also in the header `X-Request-Id` and in the log.
             * @example urn:telefuser:request:0b5b6c0e-7c3e-4f0c-9a57-2f6f0d9c1a44
             */
            instance?: string;
            /**
             * @description The HTTP status, repeated.
             * @example 422
             */
            status: number;
            /**
             * @description Summary of the kind of problem.
             * @example The request has invalid fields
             */
            title: string;
            /**
             * Format: uri
             * @description Name of the kind of problem: `urn:telefuser:problem:` and the code.
             * @example urn:telefuser:problem:validation-failed
             */
            type: string;
        };
        ProcessDto: {
            /**
             * @description CPU time since its start, seconds.
             * @example 41.3
             */
            cpu_seconds: number;
            /**
             * @description Resident memory, bytes.
             * @example 182452224
             */
            resident_bytes: number;
        };
        ServiceHealthDto: {
            /** @description The same as `reason`; only with status 503. */
            detail?: string;
            /**
             * @description Whether the server is about to end and only waits for its sessions.
             * @example false
             */
            draining: boolean;
            /**
             * @description Whether offers are taken; there may be no free slot.
             * @example true
             */
            ready: boolean;
            /**
             * @description Why the service is not ready.
             * @example The pipeline is still starting.
             */
            reason?: string;
            /**
             * @description What the pipeline is doing to start, while it starts and says so.
             * @example Loading the text encoder
             */
            start_message?: string;
            /**
             * @description How far the start of the pipeline has got, while it starts and says so.
             * @example 0.4
             */
            start_progress?: number;
            /**
             * @description `/health` says `healthy` or, when the pipeline failed, `unhealthy`; `/ready` says `ready` or `not_ready`.
             * @example healthy
             * @enum {string}
             */
            status: "healthy" | "unhealthy" | "ready" | "not_ready";
            /**
             * @description The pipeline's mode; null until it is known.
             * @example server_push
             * @enum {string|null}
             */
            stream_mode: "server_push" | "bidirectional" | null;
            /**
             * @description The same as `ready`.
             * @example true
             */
            stream_ready: boolean;
            /**
             * Format: date-time
             * @description When this was answered.
             * @example 2026-11-22T12:00:00.000Z
             */
            timestamp: string;
            /**
             * @description The server's version.
             * @example 0.1.0
             */
            version: string;
            /**
             * @description Sessions that hold a slot.
             * @example 1
             */
            webrtc_active_sessions: number;
            /**
             * @description Of these, bidirectional.
             * @example 0
             */
            webrtc_bidirectional_sessions: number;
            /**
             * @description Slots there are.
             * @example 10
             */
            webrtc_max_sessions: number;
            /**
             * @description Of these, server push.
             * @example 1
             */
            webrtc_server_push_sessions: number;
        };
        ServiceMetadataDto: {
            /**
             * @description JSON Schema (a subset of 2020-12, without references) of an offer's `config`, which is checked by it.
             * @example {
             *       "type": "object",
             *       "properties": {
             *         "steps": {
             *           "type": "integer",
             *           "minimum": 1,
             *           "maximum": 50,
             *           "default": 8
             *         }
             *       }
             *     }
             */
            config_schema?: {
                [key: string]: unknown;
            };
            /**
             * @description Controls that the service understands: `arrows`, `wasd`, `ijkl`, or words of its own. Absent: it does not say; empty: none.
             * @example [
             *       "arrows",
             *       "wasd"
             *     ]
             */
            controls?: string[];
            /**
             * @description The pipeline's frames a second, if it says so.
             * @example 24
             */
            default_fps?: number;
            /**
             * @description A prompt to begin with.
             * @example a harbour at dusk
             */
            default_prompt?: string;
            /**
             * @description What the service does, as it says itself.
             * @example Walk through a generated world with the arrow keys.
             */
            description?: string;
            /**
             * @description What the service makes use of: `prompt`, `image`, `camera`, `microphone`, or words of its own. Absent: it does not say; empty: none.
             * @example [
             *       "prompt",
             *       "image"
             *     ]
             */
            inputs?: string[];
            /**
             * @description Longest file that an offer's `image` may be, bytes.
             * @example 10485760
             */
            max_image_bytes: number;
            /**
             * @description Most pixels that an offer's `image` may have.
             * @example 25000000
             */
            max_image_pixels: number;
            /**
             * @description Name of the service, as it says itself.
             * @example A world to walk in
             */
            name?: string;
            /**
             * @description The pipeline, as the command line named it.
             * @example pipelines/video-replay
             */
            pipeline_file: string;
            /**
             * @description Kind of process the pipeline runs in; null until its file was looked at.
             * @example node
             * @enum {string|null}
             */
            runner: "node" | "python" | null;
            /**
             * @description How much the pipeline is trusted.
             * @example STRICT
             * @enum {string}
             */
            security_level: "STRICT" | "STANDARD" | "PERMISSIVE";
            /**
             * @description This server only streams.
             * @example stream
             * @enum {string}
             */
            service_type: "stream";
            /**
             * @description Whether the check of the pipeline file was skipped.
             * @example false
             */
            skip_validation: boolean;
            /**
             * @description Seconds that the start of the pipeline took.
             * @example 1.25
             */
            start_seconds?: number;
            /**
             * @description The pipeline's mode; null until it is known.
             * @example server_push
             * @enum {string|null}
             */
            stream_mode: "server_push" | "bidirectional" | null;
            /**
             * @description What an offer's `task` may say.
             * @example [
             *       "i2v"
             *     ]
             */
            tasks?: string[];
            /**
             * @description Sessions that hold a slot.
             * @example 1
             */
            webrtc_active_sessions: number;
            /**
             * @description Of these, bidirectional.
             * @example 0
             */
            webrtc_bidirectional_sessions: number;
            /**
             * @description How much the video encoder works for each bit.
             * @example latency
             * @enum {string}
             */
            webrtc_encoder_profile: "latency" | "balanced" | "quality";
            /**
             * @description Slots there are.
             * @example 10
             */
            webrtc_max_sessions: number;
            /**
             * @description Of these, server push.
             * @example 1
             */
            webrtc_server_push_sessions: number;
            /**
             * @description Most bits a second of one video track.
             * @example 4000000
             */
            webrtc_video_bitrate: number;
            /**
             * @description Preferred video codec.
             * @example H264
             * @enum {string}
             */
            webrtc_video_codec: "H264" | "VP8" | "VP9" | "AV1";
            /**
             * @description Video codecs in the order in which they are tried; the first that a viewer offers is used.
             * @example [
             *       "H264",
             *       "VP8"
             *     ]
             */
            webrtc_video_codecs: string[];
            /**
             * @description FFmpeg's name of the encoder that the next session gets, by codec: hardware where it works, else software.
             * @example {
             *       "H264": "libx264",
             *       "VP8": "libvpx"
             *     }
             */
            webrtc_video_encoders: {
                [key: string]: string;
            };
            /** @description The processes the pipeline runs in. */
            workers: components["schemas"]["WorkerDto"][];
        };
        ServiceMetricsDto: {
            /** @description How late the loop was that sends packets. */
            event_loop_delay_ms: components["schemas"]["EventLoopDelayDto"];
            /** @description What became of every picture: generated = sent + queued + all that were dropped. */
            frames: components["schemas"]["FrameLedger"];
            /** @description How long the stages took between a key, the picture that shows it, and the viewer. */
            latency: components["schemas"]["StageLatencies"];
            /**
             * @description Offers that found a free slot or none, by result: `answered`, the code of a problem, or `error`; a result that never was is left out. An offer whose body is refused is not counted.
             * @example {
             *       "answered": 17,
             *       "max-sessions": 2
             *     }
             */
            offers: {
                [key: string]: number;
            };
            /** @description What the server itself takes of the machine. */
            process: components["schemas"]["ProcessDto"];
            /**
             * @description Sessions that closed, by reason; a reason that never was is left out.
             * @example {
             *       "client_stop": 11,
             *       "completed": 5
             *     }
             */
            sessions_closed: {
                [key: string]: number;
            };
            /**
             * @description Sessions that were ever opened.
             * @example 17
             */
            sessions_opened: number;
            /**
             * Format: date-time
             * @description When this was answered.
             * @example 2026-11-22T12:00:00.000Z
             */
            timestamp: string;
            /**
             * @description Seconds since the server started.
             * @example 3600.5
             */
            uptime_seconds: number;
            /**
             * @description Sessions that hold a slot.
             * @example 1
             */
            webrtc_active_sessions: number;
            /**
             * @description Of these, bidirectional.
             * @example 0
             */
            webrtc_bidirectional_sessions: number;
            /**
             * @description Slots there are.
             * @example 10
             */
            webrtc_max_sessions: number;
            /**
             * @description Of these, server push.
             * @example 1
             */
            webrtc_server_push_sessions: number;
            /** @description The processes the pipeline runs in. */
            workers: components["schemas"]["WorkerDto"][];
        };
        SessionClosed: {
            /** @example demo-1 */
            session_id: string;
            /**
             * @example closed
             * @enum {string}
             */
            status: "closed";
        };
        SessionStats: {
            /**
             * @description Seconds since it was opened.
             * @example 100.2
             */
            age_seconds: number;
            /** @description Only when the client takes sound. */
            audio?: components["schemas"]["AudioStats"];
            /** @description What became of every picture: generated = sent + queued + all that were dropped. */
            frames: components["schemas"]["FrameLedger"];
            /** @description How long the stages took between a key, the picture that shows it, and the viewer. */
            latency: components["schemas"]["StageLatencies"];
            /** @description The way to the client. */
            network: components["schemas"]["NetworkStats"];
            /** @example demo-1 */
            session_id: string;
            /**
             * @description Where in its life the session is.
             * @example live
             * @enum {string}
             */
            state: "negotiating" | "connecting" | "live" | "disconnected" | "done" | "closing" | "closed";
            /**
             * @example bidirectional
             * @enum {string}
             */
            stream_mode: "server_push" | "bidirectional";
            /** @description Only when the client takes video. */
            video?: components["schemas"]["VideoStats"];
        };
        SessionStatus: {
            /**
             * @description Why a session that closed lately did so. A newer server may have more reasons.
             * @example completed
             */
            close_reason?: string;
            /** @example demo-1 */
            session_id: string;
            /**
             * @description Where in its life an active session is. A newer server may have more states.
             * @example live
             */
            state?: string;
            /**
             * @description `active` from offer to close, else `unknown`.
             * @example active
             * @enum {string}
             */
            status: "active" | "unknown";
            /**
             * @example server_push
             * @enum {string}
             */
            stream_mode?: "server_push" | "bidirectional";
        };
        StageLatencies: {
            /** @description From the receipt of a control message until the pipeline had taken it. Controls with an `id` only. */
            control_to_push: components["schemas"]["Latency"];
            /** @description From the receipt of a control message until the first picture that reflects it had left. */
            control_to_sent: components["schemas"]["Latency"];
            /** @description The same until that picture was shown, as the client reports. */
            control_to_shown: components["schemas"]["Latency"];
            /** @description Decoding and encoding of a picture. */
            encode: components["schemas"]["Latency"];
            /** @description From there until its last packet had left. */
            encode_to_send: components["schemas"]["Latency"];
            /** @description From there until the pipeline yielded the first chunk that reflects it. */
            push_to_yield: components["schemas"]["Latency"];
            /** @description From there until it was shown, as the client reports. */
            send_to_shown: components["schemas"]["Latency"];
            /** @description From a chunk's yield until the work on its first picture began. */
            yield_to_encode: components["schemas"]["Latency"];
            /** @description From a chunk's yield until its first picture had left. */
            yield_to_sent: components["schemas"]["Latency"];
        };
        StreamToken: {
            /**
             * Format: date-time
             * @description When that is over.
             * @example 2026-07-01T12:00:00.000Z
             */
            expires_at: string;
            /**
             * @description Seconds in which it may open its session.
             * @example 60
             */
            expires_in: number;
            /**
             * @description To be sent as `Authorization: Bearer` with the offer, and with what is asked of the session.
             * @example tfs_eyJhbGciOiJIUzI1NiIsInR5cCI6InRlbGVmdXNlci1zdHJlYW0rand0In0…
             */
            token: string;
            /**
             * @example Bearer
             * @enum {string}
             */
            token_type: "Bearer";
        };
        StreamTokenRequest: {
            /**
             * @description Seconds in which the token may open its session; at most `TELEFUSER_STREAM_TOKEN_MAX_SECONDS`.
             * @default 60
             * @example 60
             */
            expires_in?: number | null;
        };
        VideoStats: {
            /**
             * @description Their bytes.
             * @example 9876543
             */
            bytes: number;
            /**
             * @description What the client is sent.
             * @example H264
             */
            codec: string;
            /**
             * @description FFmpeg’s name of the encoder.
             * @example libx264
             */
            encoder?: string;
            /**
             * @description Full intra requests the client sent.
             * @example 0
             */
            firs: number;
            /**
             * @description Pictures a second that are sent; fewer on a slow network.
             * @example 24
             */
            fps?: number;
            /**
             * @description Pixels of what is sent.
             * @example 480
             */
            height?: number;
            /**
             * @description Keyframes sent.
             * @example 1
             */
            keyframes: number;
            /**
             * @description Negative acknowledgements the client sent.
             * @example 9
             */
            nacks: number;
            /**
             * @description Packets, without retransmissions.
             * @example 9120
             */
            packets: number;
            /**
             * @description Picture loss indications the client sent.
             * @example 1
             */
            plis: number;
            /**
             * @description Bytes sent only to learn what the network takes.
             * @example 24000
             */
            probe_bytes: number;
            /**
             * @description Encoded pictures that had no room on their way; they count as congested.
             * @example 0
             */
            refused_frames: number;
            /**
             * @description Their bytes.
             * @example 13200
             */
            retransmitted_bytes: number;
            /**
             * @description Packets that were sent again.
             * @example 12
             */
            retransmitted_packets: number;
            /**
             * @description Bits a second that the encoder is set to.
             * @example 1800000
             */
            target_bitrate: number;
            /**
             * @description Pixels of what is sent; fewer than the source on a slow network.
             * @example 832
             */
            width?: number;
        };
        WebRtcAnswer: {
            /**
             * @description SDP of the answer, with every ICE candidate inline.
             * @example v=0
             *     o=- 4611731400430051336 2 IN IP4 127.0.0.1
             *     s=-
             *     t=0 0
             *     a=group:BUNDLE 0
             *     m=video 9 UDP/TLS/RTP/SAVPF 96
             *     …
             */
            sdp: string;
            /**
             * @description Id of the opened session.
             * @example demo-1
             */
            session_id: string;
            /**
             * @description The pipeline's mode: whether it takes input.
             * @example server_push
             * @enum {string}
             */
            stream_mode: "server_push" | "bidirectional";
            /**
             * @example answer
             * @enum {string}
             */
            type: "answer";
        };
        WebRtcOffer: {
            /**
             * @description Session configuration; what is accepted is up to the pipeline, and checked by the `config_schema` of `/v1/service/metadata` where there is one.
             * @example {
             *       "duration_s": 30
             *     }
             */
            config?: {
                [key: string]: unknown;
            } | null;
            /**
             * @description Frames a second for chunks that say none; default: the pipeline's, else 24.
             * @example 24
             */
            fps?: number | null;
            /**
             * @description Image to begin with, as a data URL of a JPEG, PNG or WebP file of at most `max_image_bytes` and `max_image_pixels` (`/v1/service/metadata`). It is checked, turned upright if its EXIF data asks for that, and handed to the pipeline. Any other text is handed on as it is.
             * @example data:image/jpeg;base64,/9j/4AAQSkZJRg…
             */
            image?: string | null;
            /**
             * @description What to generate.
             * @example a lighthouse in a storm
             */
            prompt?: string | null;
            /**
             * @description SDP of the offer, with all ICE candidates or with those known so far.
             * @example v=0
             *     o=- 4611731400430051336 2 IN IP4 127.0.0.1
             *     s=-
             *     t=0 0
             *     a=group:BUNDLE 0
             *     m=video 9 UDP/TLS/RTP/SAVPF 96
             *     …
             */
            sdp: string;
            /**
             * @description Id of the session; the server makes one if it is left out. A session_id has 1 to 128 letters, digits, ".", "_" or "-", and begins and ends with a letter or digit.
             * @example demo-1
             */
            session_id?: string | null;
            /**
             * @description The pipeline's task.
             * @example t2v
             */
            task: string;
            /**
             * @description Type of the description; default: `offer`.
             * @example offer
             * @enum {string|null}
             */
            type?: "offer" | null;
        };
        WorkerDto: {
            /**
             * @description CPU time since its start, seconds.
             * @example 1.25
             */
            cpu_seconds?: number;
            /**
             * @description Its process id, while there is a process.
             * @example 4711
             */
            pid?: number;
            /**
             * @description Resident memory, bytes.
             * @example 94371840
             */
            resident_bytes?: number;
            /**
             * @description How often it was started again.
             * @example 0
             */
            restarts: number;
            /**
             * @description Sessions it has.
             * @example 1
             */
            sessions: number;
            /**
             * @description `waiting`: it ended and is about to be started again; `failed`: it was given up.
             * @example ready
             * @enum {string}
             */
            state: "starting" | "ready" | "waiting" | "failed" | "stopped";
        };
    };
    responses: never;
    parameters: never;
    requestBodies: never;
    headers: {
        /** @description How many of them are left (`r`), and for how many seconds (`t`) that holds. Absent where there is no limit. */
        RateLimit: string;
        /** @description How many requests (`q`) a client may make in so many seconds (`w`); draft-ietf-httpapi-ratelimit-headers-10. Absent where there is no limit. */
        "RateLimit-Policy": string;
        /** @description Id of the request: the client's own, if it sent a good one. The log has it, and `instance` of a problem document. */
        "X-Request-Id": string;
    };
    pathItems: never;
}
export type $defs = Record<string, never>;
export interface operations {
    probesLivez: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            200: {
                headers: {
                    "X-Request-Id": components["headers"]["X-Request-Id"];
                    [name: string]: unknown;
                };
                content: {
                    /**
                     * @example {
                     *       "status": "ok",
                     *       "info": {
                     *         "event_loop": {
                     *           "status": "up"
                     *         },
                     *         "pipeline_supervisor": {
                     *           "status": "up"
                     *         }
                     *       },
                     *       "error": {},
                     *       "details": {
                     *         "event_loop": {
                     *           "status": "up"
                     *         },
                     *         "pipeline_supervisor": {
                     *           "status": "up"
                     *         }
                     *       }
                     *     }
                     */
                    "application/json": components["schemas"]["ProbeDto"];
                };
            };
            /** @description `internal-error`: Something failed that the server did not foresee. The answer says nothing more; the log does. */
            500: {
                headers: {
                    "X-Request-Id": components["headers"]["X-Request-Id"];
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["ProblemDto"];
                };
            };
            /** @description The event loop is stuck, or the pipeline was given up; `detail` says why. */
            503: {
                headers: {
                    "X-Request-Id": components["headers"]["X-Request-Id"];
                    [name: string]: unknown;
                };
                content: {
                    /**
                     * @example {
                     *       "status": "error",
                     *       "info": {
                     *         "event_loop": {
                     *           "status": "up"
                     *         }
                     *       },
                     *       "error": {
                     *         "pipeline_supervisor": {
                     *           "reason": "The pipeline is down after 5 failures in a row; the last: The process ended with exit code 1.",
                     *           "status": "down"
                     *         }
                     *       },
                     *       "details": {
                     *         "event_loop": {
                     *           "status": "up"
                     *         },
                     *         "pipeline_supervisor": {
                     *           "reason": "The pipeline is down after 5 failures in a row; the last: The process ended with exit code 1.",
                     *           "status": "down"
                     *         }
                     *       },
                     *       "detail": "The pipeline is down after 5 failures in a row; the last: The process ended with exit code 1."
                     *     }
                     */
                    "application/json": components["schemas"]["ProbeDto"];
                };
            };
        };
    };
    probesReadyz: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            200: {
                headers: {
                    "X-Request-Id": components["headers"]["X-Request-Id"];
                    [name: string]: unknown;
                };
                content: {
                    /**
                     * @example {
                     *       "status": "ok",
                     *       "info": {
                     *         "pipeline": {
                     *           "status": "up"
                     *         },
                     *         "drain": {
                     *           "status": "up"
                     *         }
                     *       },
                     *       "error": {},
                     *       "details": {
                     *         "pipeline": {
                     *           "status": "up"
                     *         },
                     *         "drain": {
                     *           "status": "up"
                     *         }
                     *       }
                     *     }
                     */
                    "application/json": components["schemas"]["ProbeDto"];
                };
            };
            /** @description `internal-error`: Something failed that the server did not foresee. The answer says nothing more; the log does. */
            500: {
                headers: {
                    "X-Request-Id": components["headers"]["X-Request-Id"];
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["ProblemDto"];
                };
            };
            /** @description Not ready, or draining; `detail` says why. */
            503: {
                headers: {
                    "X-Request-Id": components["headers"]["X-Request-Id"];
                    [name: string]: unknown;
                };
                content: {
                    /**
                     * @example {
                     *       "status": "error",
                     *       "info": {
                     *         "drain": {
                     *           "status": "up"
                     *         }
                     *       },
                     *       "error": {
                     *         "pipeline": {
                     *           "reason": "The pipeline is still starting (40 %): Loading the text encoder.",
                     *           "progress": 0.4,
                     *           "message": "Loading the text encoder",
                     *           "status": "down"
                     *         }
                     *       },
                     *       "details": {
                     *         "drain": {
                     *           "status": "up"
                     *         },
                     *         "pipeline": {
                     *           "reason": "The pipeline is still starting (40 %): Loading the text encoder.",
                     *           "progress": 0.4,
                     *           "message": "Loading the text encoder",
                     *           "status": "down"
                     *         }
                     *       },
                     *       "detail": "The pipeline is still starting (40 %): Loading the text encoder."
                     *     }
                     */
                    "application/json": components["schemas"]["ProbeDto"];
                };
            };
        };
    };
    probesStartupz: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            200: {
                headers: {
                    "X-Request-Id": components["headers"]["X-Request-Id"];
                    [name: string]: unknown;
                };
                content: {
                    /**
                     * @example {
                     *       "status": "ok",
                     *       "info": {
                     *         "pipeline": {
                     *           "start_seconds": 61.2,
                     *           "status": "up"
                     *         }
                     *       },
                     *       "error": {},
                     *       "details": {
                     *         "pipeline": {
                     *           "start_seconds": 61.2,
                     *           "status": "up"
                     *         }
                     *       }
                     *     }
                     */
                    "application/json": components["schemas"]["ProbeDto"];
                };
            };
            /** @description `internal-error`: Something failed that the server did not foresee. The answer says nothing more; the log does. */
            500: {
                headers: {
                    "X-Request-Id": components["headers"]["X-Request-Id"];
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["ProblemDto"];
                };
            };
            /** @description Not started yet; `detail` says why, and `error` how long it has taken and may take. */
            503: {
                headers: {
                    "X-Request-Id": components["headers"]["X-Request-Id"];
                    [name: string]: unknown;
                };
                content: {
                    /**
                     * @example {
                     *       "status": "error",
                     *       "info": {},
                     *       "error": {
                     *         "pipeline": {
                     *           "reason": "The pipeline is still starting (40 %): Loading the text encoder.",
                     *           "progress": 0.4,
                     *           "message": "Loading the text encoder",
                     *           "status": "down",
                     *           "elapsed_seconds": 42.5,
                     *           "timeout_seconds": 600,
                     *           "workers": [
                     *             "starting"
                     *           ]
                     *         }
                     *       },
                     *       "details": {
                     *         "pipeline": {
                     *           "reason": "The pipeline is still starting (40 %): Loading the text encoder.",
                     *           "progress": 0.4,
                     *           "message": "Loading the text encoder",
                     *           "status": "down",
                     *           "elapsed_seconds": 42.5,
                     *           "timeout_seconds": 600,
                     *           "workers": [
                     *             "starting"
                     *           ]
                     *         }
                     *       },
                     *       "detail": "The pipeline is still starting (40 %): Loading the text encoder."
                     *     }
                     */
                    "application/json": components["schemas"]["ProbeDto"];
                };
            };
        };
    };
    serviceHealth: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            200: {
                headers: {
                    RateLimit: components["headers"]["RateLimit"];
                    "RateLimit-Policy": components["headers"]["RateLimit-Policy"];
                    "X-Request-Id": components["headers"]["X-Request-Id"];
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["ServiceHealthDto"];
                };
            };
            /** @description `unauthenticated`: The server takes known clients only (`TELEFUSER_AUTH=required`), and the request has no credential, or one that is unknown, wrong or expired. */
            401: {
                headers: {
                    RateLimit: components["headers"]["RateLimit"];
                    "RateLimit-Policy": components["headers"]["RateLimit-Policy"];
                    /** @description What is wrong with the credential, and the scope that is needed (RFC 6750 section 3). */
                    "WWW-Authenticate"?: string;
                    "X-Request-Id": components["headers"]["X-Request-Id"];
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["ProblemDto"];
                };
            };
            /** @description `insufficient-scope`: The credential is valid, but lacks the scope that the operation needs; `WWW-Authenticate` names it. */
            403: {
                headers: {
                    RateLimit: components["headers"]["RateLimit"];
                    "RateLimit-Policy": components["headers"]["RateLimit-Policy"];
                    /** @description What is wrong with the credential, and the scope that is needed (RFC 6750 section 3). */
                    "WWW-Authenticate"?: string;
                    "X-Request-Id": components["headers"]["X-Request-Id"];
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["ProblemDto"];
                };
            };
            /** @description `rate-limited`: The client, or its address as long as it has no valid credential, has made as many requests as `TELEFUSER_RATE_LIMIT` allows in a minute. */
            429: {
                headers: {
                    RateLimit: components["headers"]["RateLimit"];
                    "RateLimit-Policy": components["headers"]["RateLimit-Policy"];
                    /** @description Seconds to wait before trying again. */
                    "Retry-After"?: number;
                    "X-Request-Id": components["headers"]["X-Request-Id"];
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["ProblemDto"];
                };
            };
            /** @description `internal-error`: Something failed that the server did not foresee. The answer says nothing more; the log does. */
            500: {
                headers: {
                    RateLimit: components["headers"]["RateLimit"];
                    "RateLimit-Policy": components["headers"]["RateLimit-Policy"];
                    "X-Request-Id": components["headers"]["X-Request-Id"];
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["ProblemDto"];
                };
            };
            /** @description `identity-unavailable`: The public keys of the identity provider (`TELEFUSER_JWKS_URL`) could not be fetched. */
            503: {
                headers: {
                    RateLimit: components["headers"]["RateLimit"];
                    "RateLimit-Policy": components["headers"]["RateLimit-Policy"];
                    /** @description Seconds to wait before trying again. */
                    "Retry-After"?: number;
                    "X-Request-Id": components["headers"]["X-Request-Id"];
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["ProblemDto"];
                };
            };
        };
    };
    serviceMetadata: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            200: {
                headers: {
                    RateLimit: components["headers"]["RateLimit"];
                    "RateLimit-Policy": components["headers"]["RateLimit-Policy"];
                    "X-Request-Id": components["headers"]["X-Request-Id"];
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["ServiceMetadataDto"];
                };
            };
            /** @description `unauthenticated`: The server takes known clients only (`TELEFUSER_AUTH=required`), and the request has no credential, or one that is unknown, wrong or expired. */
            401: {
                headers: {
                    RateLimit: components["headers"]["RateLimit"];
                    "RateLimit-Policy": components["headers"]["RateLimit-Policy"];
                    /** @description What is wrong with the credential, and the scope that is needed (RFC 6750 section 3). */
                    "WWW-Authenticate"?: string;
                    "X-Request-Id": components["headers"]["X-Request-Id"];
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["ProblemDto"];
                };
            };
            /** @description `insufficient-scope`: The credential is valid, but lacks the scope that the operation needs; `WWW-Authenticate` names it. */
            403: {
                headers: {
                    RateLimit: components["headers"]["RateLimit"];
                    "RateLimit-Policy": components["headers"]["RateLimit-Policy"];
                    /** @description What is wrong with the credential, and the scope that is needed (RFC 6750 section 3). */
                    "WWW-Authenticate"?: string;
                    "X-Request-Id": components["headers"]["X-Request-Id"];
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["ProblemDto"];
                };
            };
            /** @description `rate-limited`: The client, or its address as long as it has no valid credential, has made as many requests as `TELEFUSER_RATE_LIMIT` allows in a minute. */
            429: {
                headers: {
                    RateLimit: components["headers"]["RateLimit"];
                    "RateLimit-Policy": components["headers"]["RateLimit-Policy"];
                    /** @description Seconds to wait before trying again. */
                    "Retry-After"?: number;
                    "X-Request-Id": components["headers"]["X-Request-Id"];
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["ProblemDto"];
                };
            };
            /** @description `internal-error`: Something failed that the server did not foresee. The answer says nothing more; the log does. */
            500: {
                headers: {
                    RateLimit: components["headers"]["RateLimit"];
                    "RateLimit-Policy": components["headers"]["RateLimit-Policy"];
                    "X-Request-Id": components["headers"]["X-Request-Id"];
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["ProblemDto"];
                };
            };
            /** @description `identity-unavailable`: The public keys of the identity provider (`TELEFUSER_JWKS_URL`) could not be fetched. */
            503: {
                headers: {
                    RateLimit: components["headers"]["RateLimit"];
                    "RateLimit-Policy": components["headers"]["RateLimit-Policy"];
                    /** @description Seconds to wait before trying again. */
                    "Retry-After"?: number;
                    "X-Request-Id": components["headers"]["X-Request-Id"];
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["ProblemDto"];
                };
            };
        };
    };
    serviceMetricsText: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Every metric as it is now. */
            200: {
                headers: {
                    RateLimit: components["headers"]["RateLimit"];
                    "RateLimit-Policy": components["headers"]["RateLimit-Policy"];
                    "X-Request-Id": components["headers"]["X-Request-Id"];
                    [name: string]: unknown;
                };
                content: {
                    /**
                     * @example # HELP telefuser_frames_sent_total Pictures whose last packet left.
                     *     # TYPE telefuser_frames_sent_total counter
                     *     telefuser_frames_sent_total 8423
                     */
                    "application/openmetrics-text": string;
                    /**
                     * @example # HELP telefuser_frames_sent_total Pictures whose last packet left.
                     *     # TYPE telefuser_frames_sent_total counter
                     *     telefuser_frames_sent_total 8423
                     */
                    "text/plain": string;
                };
            };
            /** @description `unauthenticated`: The server takes known clients only (`TELEFUSER_AUTH=required`), and the request has no credential, or one that is unknown, wrong or expired. */
            401: {
                headers: {
                    RateLimit: components["headers"]["RateLimit"];
                    "RateLimit-Policy": components["headers"]["RateLimit-Policy"];
                    /** @description What is wrong with the credential, and the scope that is needed (RFC 6750 section 3). */
                    "WWW-Authenticate"?: string;
                    "X-Request-Id": components["headers"]["X-Request-Id"];
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["ProblemDto"];
                };
            };
            /** @description `insufficient-scope`: The credential is valid, but lacks the scope that the operation needs; `WWW-Authenticate` names it. */
            403: {
                headers: {
                    RateLimit: components["headers"]["RateLimit"];
                    "RateLimit-Policy": components["headers"]["RateLimit-Policy"];
                    /** @description What is wrong with the credential, and the scope that is needed (RFC 6750 section 3). */
                    "WWW-Authenticate"?: string;
                    "X-Request-Id": components["headers"]["X-Request-Id"];
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["ProblemDto"];
                };
            };
            /** @description `rate-limited`: The client, or its address as long as it has no valid credential, has made as many requests as `TELEFUSER_RATE_LIMIT` allows in a minute. */
            429: {
                headers: {
                    RateLimit: components["headers"]["RateLimit"];
                    "RateLimit-Policy": components["headers"]["RateLimit-Policy"];
                    /** @description Seconds to wait before trying again. */
                    "Retry-After"?: number;
                    "X-Request-Id": components["headers"]["X-Request-Id"];
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["ProblemDto"];
                };
            };
            /** @description `internal-error`: Something failed that the server did not foresee. The answer says nothing more; the log does. */
            500: {
                headers: {
                    RateLimit: components["headers"]["RateLimit"];
                    "RateLimit-Policy": components["headers"]["RateLimit-Policy"];
                    "X-Request-Id": components["headers"]["X-Request-Id"];
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["ProblemDto"];
                };
            };
            /** @description `identity-unavailable`: The public keys of the identity provider (`TELEFUSER_JWKS_URL`) could not be fetched. */
            503: {
                headers: {
                    RateLimit: components["headers"]["RateLimit"];
                    "RateLimit-Policy": components["headers"]["RateLimit-Policy"];
                    /** @description Seconds to wait before trying again. */
                    "Retry-After"?: number;
                    "X-Request-Id": components["headers"]["X-Request-Id"];
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["ProblemDto"];
                };
            };
        };
    };
    serviceMetrics: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            200: {
                headers: {
                    RateLimit: components["headers"]["RateLimit"];
                    "RateLimit-Policy": components["headers"]["RateLimit-Policy"];
                    "X-Request-Id": components["headers"]["X-Request-Id"];
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["ServiceMetricsDto"];
                };
            };
            /** @description `unauthenticated`: The server takes known clients only (`TELEFUSER_AUTH=required`), and the request has no credential, or one that is unknown, wrong or expired. */
            401: {
                headers: {
                    RateLimit: components["headers"]["RateLimit"];
                    "RateLimit-Policy": components["headers"]["RateLimit-Policy"];
                    /** @description What is wrong with the credential, and the scope that is needed (RFC 6750 section 3). */
                    "WWW-Authenticate"?: string;
                    "X-Request-Id": components["headers"]["X-Request-Id"];
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["ProblemDto"];
                };
            };
            /** @description `insufficient-scope`: The credential is valid, but lacks the scope that the operation needs; `WWW-Authenticate` names it. */
            403: {
                headers: {
                    RateLimit: components["headers"]["RateLimit"];
                    "RateLimit-Policy": components["headers"]["RateLimit-Policy"];
                    /** @description What is wrong with the credential, and the scope that is needed (RFC 6750 section 3). */
                    "WWW-Authenticate"?: string;
                    "X-Request-Id": components["headers"]["X-Request-Id"];
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["ProblemDto"];
                };
            };
            /** @description `rate-limited`: The client, or its address as long as it has no valid credential, has made as many requests as `TELEFUSER_RATE_LIMIT` allows in a minute. */
            429: {
                headers: {
                    RateLimit: components["headers"]["RateLimit"];
                    "RateLimit-Policy": components["headers"]["RateLimit-Policy"];
                    /** @description Seconds to wait before trying again. */
                    "Retry-After"?: number;
                    "X-Request-Id": components["headers"]["X-Request-Id"];
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["ProblemDto"];
                };
            };
            /** @description `internal-error`: Something failed that the server did not foresee. The answer says nothing more; the log does. */
            500: {
                headers: {
                    RateLimit: components["headers"]["RateLimit"];
                    "RateLimit-Policy": components["headers"]["RateLimit-Policy"];
                    "X-Request-Id": components["headers"]["X-Request-Id"];
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["ProblemDto"];
                };
            };
            /** @description `identity-unavailable`: The public keys of the identity provider (`TELEFUSER_JWKS_URL`) could not be fetched. */
            503: {
                headers: {
                    RateLimit: components["headers"]["RateLimit"];
                    "RateLimit-Policy": components["headers"]["RateLimit-Policy"];
                    /** @description Seconds to wait before trying again. */
                    "Retry-After"?: number;
                    "X-Request-Id": components["headers"]["X-Request-Id"];
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["ProblemDto"];
                };
            };
        };
    };
    serviceReady: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Ready. */
            200: {
                headers: {
                    RateLimit: components["headers"]["RateLimit"];
                    "RateLimit-Policy": components["headers"]["RateLimit-Policy"];
                    "X-Request-Id": components["headers"]["X-Request-Id"];
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["ServiceHealthDto"];
                };
            };
            /** @description `unauthenticated`: The server takes known clients only (`TELEFUSER_AUTH=required`), and the request has no credential, or one that is unknown, wrong or expired. */
            401: {
                headers: {
                    RateLimit: components["headers"]["RateLimit"];
                    "RateLimit-Policy": components["headers"]["RateLimit-Policy"];
                    /** @description What is wrong with the credential, and the scope that is needed (RFC 6750 section 3). */
                    "WWW-Authenticate"?: string;
                    "X-Request-Id": components["headers"]["X-Request-Id"];
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["ProblemDto"];
                };
            };
            /** @description `insufficient-scope`: The credential is valid, but lacks the scope that the operation needs; `WWW-Authenticate` names it. */
            403: {
                headers: {
                    RateLimit: components["headers"]["RateLimit"];
                    "RateLimit-Policy": components["headers"]["RateLimit-Policy"];
                    /** @description What is wrong with the credential, and the scope that is needed (RFC 6750 section 3). */
                    "WWW-Authenticate"?: string;
                    "X-Request-Id": components["headers"]["X-Request-Id"];
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["ProblemDto"];
                };
            };
            /** @description `rate-limited`: The client, or its address as long as it has no valid credential, has made as many requests as `TELEFUSER_RATE_LIMIT` allows in a minute. */
            429: {
                headers: {
                    RateLimit: components["headers"]["RateLimit"];
                    "RateLimit-Policy": components["headers"]["RateLimit-Policy"];
                    /** @description Seconds to wait before trying again. */
                    "Retry-After"?: number;
                    "X-Request-Id": components["headers"]["X-Request-Id"];
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["ProblemDto"];
                };
            };
            /** @description `internal-error`: Something failed that the server did not foresee. The answer says nothing more; the log does. */
            500: {
                headers: {
                    RateLimit: components["headers"]["RateLimit"];
                    "RateLimit-Policy": components["headers"]["RateLimit-Policy"];
                    "X-Request-Id": components["headers"]["X-Request-Id"];
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["ProblemDto"];
                };
            };
            /** @description Not ready; `detail` says why. */
            503: {
                headers: {
                    RateLimit: components["headers"]["RateLimit"];
                    "RateLimit-Policy": components["headers"]["RateLimit-Policy"];
                    "X-Request-Id": components["headers"]["X-Request-Id"];
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["ServiceHealthDto"];
                };
            };
        };
    };
    iceServersGet: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description The configuration to use. */
            200: {
                headers: {
                    RateLimit: components["headers"]["RateLimit"];
                    "RateLimit-Policy": components["headers"]["RateLimit-Policy"];
                    "X-Request-Id": components["headers"]["X-Request-Id"];
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["IceServers"];
                };
            };
            /** @description `unauthenticated`: The server takes known clients only (`TELEFUSER_AUTH=required`), and the request has no credential, or one that is unknown, wrong or expired. */
            401: {
                headers: {
                    RateLimit: components["headers"]["RateLimit"];
                    "RateLimit-Policy": components["headers"]["RateLimit-Policy"];
                    /** @description What is wrong with the credential, and the scope that is needed (RFC 6750 section 3). */
                    "WWW-Authenticate"?: string;
                    "X-Request-Id": components["headers"]["X-Request-Id"];
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["ProblemDto"];
                };
            };
            /** @description `insufficient-scope`: The credential is valid, but lacks the scope that the operation needs; `WWW-Authenticate` names it. */
            403: {
                headers: {
                    RateLimit: components["headers"]["RateLimit"];
                    "RateLimit-Policy": components["headers"]["RateLimit-Policy"];
                    /** @description What is wrong with the credential, and the scope that is needed (RFC 6750 section 3). */
                    "WWW-Authenticate"?: string;
                    "X-Request-Id": components["headers"]["X-Request-Id"];
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["ProblemDto"];
                };
            };
            /** @description `rate-limited`: The client, or its address as long as it has no valid credential, has made as many requests as `TELEFUSER_RATE_LIMIT` allows in a minute. */
            429: {
                headers: {
                    RateLimit: components["headers"]["RateLimit"];
                    "RateLimit-Policy": components["headers"]["RateLimit-Policy"];
                    /** @description Seconds to wait before trying again. */
                    "Retry-After"?: number;
                    "X-Request-Id": components["headers"]["X-Request-Id"];
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["ProblemDto"];
                };
            };
            /** @description `internal-error`: Something failed that the server did not foresee. The answer says nothing more; the log does. */
            500: {
                headers: {
                    RateLimit: components["headers"]["RateLimit"];
                    "RateLimit-Policy": components["headers"]["RateLimit-Policy"];
                    "X-Request-Id": components["headers"]["X-Request-Id"];
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["ProblemDto"];
                };
            };
            /** @description `identity-unavailable`: The public keys of the identity provider (`TELEFUSER_JWKS_URL`) could not be fetched. */
            503: {
                headers: {
                    RateLimit: components["headers"]["RateLimit"];
                    "RateLimit-Policy": components["headers"]["RateLimit-Policy"];
                    /** @description Seconds to wait before trying again. */
                    "Retry-After"?: number;
                    "X-Request-Id": components["headers"]["X-Request-Id"];
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["ProblemDto"];
                };
            };
        };
    };
    sessionsClose: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                session_id: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description The session is closed and everything it used is released. */
            200: {
                headers: {
                    RateLimit: components["headers"]["RateLimit"];
                    "RateLimit-Policy": components["headers"]["RateLimit-Policy"];
                    "X-Request-Id": components["headers"]["X-Request-Id"];
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["SessionClosed"];
                };
            };
            /** @description `malformed-request`: The body is no JSON or has a `__proto__` or `constructor` key that would poison an object, or the URL cannot be decoded. */
            400: {
                headers: {
                    RateLimit: components["headers"]["RateLimit"];
                    "RateLimit-Policy": components["headers"]["RateLimit-Policy"];
                    "X-Request-Id": components["headers"]["X-Request-Id"];
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["ProblemDto"];
                };
            };
            /** @description `unauthenticated`: The server takes known clients only (`TELEFUSER_AUTH=required`), and the request has no credential, or one that is unknown, wrong or expired. */
            401: {
                headers: {
                    RateLimit: components["headers"]["RateLimit"];
                    "RateLimit-Policy": components["headers"]["RateLimit-Policy"];
                    /** @description What is wrong with the credential, and the scope that is needed (RFC 6750 section 3). */
                    "WWW-Authenticate"?: string;
                    "X-Request-Id": components["headers"]["X-Request-Id"];
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["ProblemDto"];
                };
            };
            /** @description `insufficient-scope`: The credential is valid, but lacks the scope that the operation needs; `WWW-Authenticate` names it. */
            403: {
                headers: {
                    RateLimit: components["headers"]["RateLimit"];
                    "RateLimit-Policy": components["headers"]["RateLimit-Policy"];
                    /** @description What is wrong with the credential, and the scope that is needed (RFC 6750 section 3). */
                    "WWW-Authenticate"?: string;
                    "X-Request-Id": components["headers"]["X-Request-Id"];
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["ProblemDto"];
                };
            };
            /** @description `session-not-found`: No session with this id is open: it was never opened, is closed, or is not yours. */
            404: {
                headers: {
                    RateLimit: components["headers"]["RateLimit"];
                    "RateLimit-Policy": components["headers"]["RateLimit-Policy"];
                    "X-Request-Id": components["headers"]["X-Request-Id"];
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["ProblemDto"];
                };
            };
            /** @description `body-too-large`: The body is longer than `TELEFUSER_MAX_BODY_BYTES`. */
            413: {
                headers: {
                    RateLimit: components["headers"]["RateLimit"];
                    "RateLimit-Policy": components["headers"]["RateLimit-Policy"];
                    "X-Request-Id": components["headers"]["X-Request-Id"];
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["ProblemDto"];
                };
            };
            /** @description `unsupported-media-type`: The body is not announced as what the route takes: JSON, or by WHEP an SDP offer or fragment. */
            415: {
                headers: {
                    RateLimit: components["headers"]["RateLimit"];
                    "RateLimit-Policy": components["headers"]["RateLimit-Policy"];
                    "X-Request-Id": components["headers"]["X-Request-Id"];
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["ProblemDto"];
                };
            };
            /** @description `rate-limited`: The client, or its address as long as it has no valid credential, has made as many requests as `TELEFUSER_RATE_LIMIT` allows in a minute. */
            429: {
                headers: {
                    RateLimit: components["headers"]["RateLimit"];
                    "RateLimit-Policy": components["headers"]["RateLimit-Policy"];
                    /** @description Seconds to wait before trying again. */
                    "Retry-After"?: number;
                    "X-Request-Id": components["headers"]["X-Request-Id"];
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["ProblemDto"];
                };
            };
            /** @description `internal-error`: Something failed that the server did not foresee. The answer says nothing more; the log does. */
            500: {
                headers: {
                    RateLimit: components["headers"]["RateLimit"];
                    "RateLimit-Policy": components["headers"]["RateLimit-Policy"];
                    "X-Request-Id": components["headers"]["X-Request-Id"];
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["ProblemDto"];
                };
            };
            /** @description `identity-unavailable`: The public keys of the identity provider (`TELEFUSER_JWKS_URL`) could not be fetched. */
            503: {
                headers: {
                    RateLimit: components["headers"]["RateLimit"];
                    "RateLimit-Policy": components["headers"]["RateLimit-Policy"];
                    /** @description Seconds to wait before trying again. */
                    "Retry-After"?: number;
                    "X-Request-Id": components["headers"]["X-Request-Id"];
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["ProblemDto"];
                };
            };
        };
    };
    sessionsStats: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                session_id: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            200: {
                headers: {
                    RateLimit: components["headers"]["RateLimit"];
                    "RateLimit-Policy": components["headers"]["RateLimit-Policy"];
                    "X-Request-Id": components["headers"]["X-Request-Id"];
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["SessionStats"];
                };
            };
            /** @description `malformed-request`: The body is no JSON or has a `__proto__` or `constructor` key that would poison an object, or the URL cannot be decoded. */
            400: {
                headers: {
                    RateLimit: components["headers"]["RateLimit"];
                    "RateLimit-Policy": components["headers"]["RateLimit-Policy"];
                    "X-Request-Id": components["headers"]["X-Request-Id"];
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["ProblemDto"];
                };
            };
            /** @description `unauthenticated`: The server takes known clients only (`TELEFUSER_AUTH=required`), and the request has no credential, or one that is unknown, wrong or expired. */
            401: {
                headers: {
                    RateLimit: components["headers"]["RateLimit"];
                    "RateLimit-Policy": components["headers"]["RateLimit-Policy"];
                    /** @description What is wrong with the credential, and the scope that is needed (RFC 6750 section 3). */
                    "WWW-Authenticate"?: string;
                    "X-Request-Id": components["headers"]["X-Request-Id"];
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["ProblemDto"];
                };
            };
            /** @description `insufficient-scope`: The credential is valid, but lacks the scope that the operation needs; `WWW-Authenticate` names it. */
            403: {
                headers: {
                    RateLimit: components["headers"]["RateLimit"];
                    "RateLimit-Policy": components["headers"]["RateLimit-Policy"];
                    /** @description What is wrong with the credential, and the scope that is needed (RFC 6750 section 3). */
                    "WWW-Authenticate"?: string;
                    "X-Request-Id": components["headers"]["X-Request-Id"];
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["ProblemDto"];
                };
            };
            /** @description `session-not-found`: No session with this id is open: it was never opened, is closed, or is not yours. */
            404: {
                headers: {
                    RateLimit: components["headers"]["RateLimit"];
                    "RateLimit-Policy": components["headers"]["RateLimit-Policy"];
                    "X-Request-Id": components["headers"]["X-Request-Id"];
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["ProblemDto"];
                };
            };
            /** @description `rate-limited`: The client, or its address as long as it has no valid credential, has made as many requests as `TELEFUSER_RATE_LIMIT` allows in a minute. */
            429: {
                headers: {
                    RateLimit: components["headers"]["RateLimit"];
                    "RateLimit-Policy": components["headers"]["RateLimit-Policy"];
                    /** @description Seconds to wait before trying again. */
                    "Retry-After"?: number;
                    "X-Request-Id": components["headers"]["X-Request-Id"];
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["ProblemDto"];
                };
            };
            /** @description `internal-error`: Something failed that the server did not foresee. The answer says nothing more; the log does. */
            500: {
                headers: {
                    RateLimit: components["headers"]["RateLimit"];
                    "RateLimit-Policy": components["headers"]["RateLimit-Policy"];
                    "X-Request-Id": components["headers"]["X-Request-Id"];
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["ProblemDto"];
                };
            };
            /** @description `identity-unavailable`: The public keys of the identity provider (`TELEFUSER_JWKS_URL`) could not be fetched. */
            503: {
                headers: {
                    RateLimit: components["headers"]["RateLimit"];
                    "RateLimit-Policy": components["headers"]["RateLimit-Policy"];
                    /** @description Seconds to wait before trying again. */
                    "Retry-After"?: number;
                    "X-Request-Id": components["headers"]["X-Request-Id"];
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["ProblemDto"];
                };
            };
        };
    };
    sessionsStatus: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                session_id: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            200: {
                headers: {
                    RateLimit: components["headers"]["RateLimit"];
                    "RateLimit-Policy": components["headers"]["RateLimit-Policy"];
                    "X-Request-Id": components["headers"]["X-Request-Id"];
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["SessionStatus"];
                };
            };
            /** @description `malformed-request`: The body is no JSON or has a `__proto__` or `constructor` key that would poison an object, or the URL cannot be decoded. */
            400: {
                headers: {
                    RateLimit: components["headers"]["RateLimit"];
                    "RateLimit-Policy": components["headers"]["RateLimit-Policy"];
                    "X-Request-Id": components["headers"]["X-Request-Id"];
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["ProblemDto"];
                };
            };
            /** @description `unauthenticated`: The server takes known clients only (`TELEFUSER_AUTH=required`), and the request has no credential, or one that is unknown, wrong or expired. */
            401: {
                headers: {
                    RateLimit: components["headers"]["RateLimit"];
                    "RateLimit-Policy": components["headers"]["RateLimit-Policy"];
                    /** @description What is wrong with the credential, and the scope that is needed (RFC 6750 section 3). */
                    "WWW-Authenticate"?: string;
                    "X-Request-Id": components["headers"]["X-Request-Id"];
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["ProblemDto"];
                };
            };
            /** @description `insufficient-scope`: The credential is valid, but lacks the scope that the operation needs; `WWW-Authenticate` names it. */
            403: {
                headers: {
                    RateLimit: components["headers"]["RateLimit"];
                    "RateLimit-Policy": components["headers"]["RateLimit-Policy"];
                    /** @description What is wrong with the credential, and the scope that is needed (RFC 6750 section 3). */
                    "WWW-Authenticate"?: string;
                    "X-Request-Id": components["headers"]["X-Request-Id"];
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["ProblemDto"];
                };
            };
            /** @description `rate-limited`: The client, or its address as long as it has no valid credential, has made as many requests as `TELEFUSER_RATE_LIMIT` allows in a minute. */
            429: {
                headers: {
                    RateLimit: components["headers"]["RateLimit"];
                    "RateLimit-Policy": components["headers"]["RateLimit-Policy"];
                    /** @description Seconds to wait before trying again. */
                    "Retry-After"?: number;
                    "X-Request-Id": components["headers"]["X-Request-Id"];
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["ProblemDto"];
                };
            };
            /** @description `internal-error`: Something failed that the server did not foresee. The answer says nothing more; the log does. */
            500: {
                headers: {
                    RateLimit: components["headers"]["RateLimit"];
                    "RateLimit-Policy": components["headers"]["RateLimit-Policy"];
                    "X-Request-Id": components["headers"]["X-Request-Id"];
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["ProblemDto"];
                };
            };
            /** @description `identity-unavailable`: The public keys of the identity provider (`TELEFUSER_JWKS_URL`) could not be fetched. */
            503: {
                headers: {
                    RateLimit: components["headers"]["RateLimit"];
                    "RateLimit-Policy": components["headers"]["RateLimit-Policy"];
                    /** @description Seconds to wait before trying again. */
                    "Retry-After"?: number;
                    "X-Request-Id": components["headers"]["X-Request-Id"];
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["ProblemDto"];
                };
            };
        };
    };
    streamTokensCreate: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": components["schemas"]["StreamTokenRequest"];
            };
        };
        responses: {
            /** @description The token; it is shown this once. */
            201: {
                headers: {
                    RateLimit: components["headers"]["RateLimit"];
                    "RateLimit-Policy": components["headers"]["RateLimit-Policy"];
                    "X-Request-Id": components["headers"]["X-Request-Id"];
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["StreamToken"];
                };
            };
            /** @description `malformed-request`: The body is no JSON or has a `__proto__` or `constructor` key that would poison an object, or the URL cannot be decoded. */
            400: {
                headers: {
                    RateLimit: components["headers"]["RateLimit"];
                    "RateLimit-Policy": components["headers"]["RateLimit-Policy"];
                    "X-Request-Id": components["headers"]["X-Request-Id"];
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["ProblemDto"];
                };
            };
            /** @description `unauthenticated`: The server takes known clients only (`TELEFUSER_AUTH=required`), and the request has no credential, or one that is unknown, wrong or expired. */
            401: {
                headers: {
                    RateLimit: components["headers"]["RateLimit"];
                    "RateLimit-Policy": components["headers"]["RateLimit-Policy"];
                    /** @description What is wrong with the credential, and the scope that is needed (RFC 6750 section 3). */
                    "WWW-Authenticate"?: string;
                    "X-Request-Id": components["headers"]["X-Request-Id"];
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["ProblemDto"];
                };
            };
            /** @description `insufficient-scope`: The credential is valid, but lacks the scope that the operation needs; `WWW-Authenticate` names it. */
            403: {
                headers: {
                    RateLimit: components["headers"]["RateLimit"];
                    "RateLimit-Policy": components["headers"]["RateLimit-Policy"];
                    /** @description What is wrong with the credential, and the scope that is needed (RFC 6750 section 3). */
                    "WWW-Authenticate"?: string;
                    "X-Request-Id": components["headers"]["X-Request-Id"];
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["ProblemDto"];
                };
            };
            /** @description `body-too-large`: The body is longer than `TELEFUSER_MAX_BODY_BYTES`. */
            413: {
                headers: {
                    RateLimit: components["headers"]["RateLimit"];
                    "RateLimit-Policy": components["headers"]["RateLimit-Policy"];
                    "X-Request-Id": components["headers"]["X-Request-Id"];
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["ProblemDto"];
                };
            };
            /** @description `unsupported-media-type`: The body is not announced as what the route takes: JSON, or by WHEP an SDP offer or fragment. */
            415: {
                headers: {
                    RateLimit: components["headers"]["RateLimit"];
                    "RateLimit-Policy": components["headers"]["RateLimit-Policy"];
                    "X-Request-Id": components["headers"]["X-Request-Id"];
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["ProblemDto"];
                };
            };
            /** @description `validation-failed`: The body is JSON, but a field is missing, of the wrong type or out of its bounds; `errors` names each. By WHEP the query parameters are the fields. */
            422: {
                headers: {
                    RateLimit: components["headers"]["RateLimit"];
                    "RateLimit-Policy": components["headers"]["RateLimit-Policy"];
                    "X-Request-Id": components["headers"]["X-Request-Id"];
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["ProblemDto"];
                };
            };
            /** @description `rate-limited`: The client, or its address as long as it has no valid credential, has made as many requests as `TELEFUSER_RATE_LIMIT` allows in a minute. */
            429: {
                headers: {
                    RateLimit: components["headers"]["RateLimit"];
                    "RateLimit-Policy": components["headers"]["RateLimit-Policy"];
                    /** @description Seconds to wait before trying again. */
                    "Retry-After"?: number;
                    "X-Request-Id": components["headers"]["X-Request-Id"];
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["ProblemDto"];
                };
            };
            /** @description `internal-error`: Something failed that the server did not foresee. The answer says nothing more; the log does. */
            500: {
                headers: {
                    RateLimit: components["headers"]["RateLimit"];
                    "RateLimit-Policy": components["headers"]["RateLimit-Policy"];
                    "X-Request-Id": components["headers"]["X-Request-Id"];
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["ProblemDto"];
                };
            };
            /** @description `identity-unavailable`: The public keys of the identity provider (`TELEFUSER_JWKS_URL`) could not be fetched. */
            503: {
                headers: {
                    RateLimit: components["headers"]["RateLimit"];
                    "RateLimit-Policy": components["headers"]["RateLimit-Policy"];
                    /** @description Seconds to wait before trying again. */
                    "Retry-After"?: number;
                    "X-Request-Id": components["headers"]["X-Request-Id"];
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["ProblemDto"];
                };
            };
        };
    };
    webRtcClose: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                session_id: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description The session is closed and everything it used is released. */
            200: {
                headers: {
                    RateLimit: components["headers"]["RateLimit"];
                    "RateLimit-Policy": components["headers"]["RateLimit-Policy"];
                    "X-Request-Id": components["headers"]["X-Request-Id"];
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["SessionClosed"];
                };
            };
            /** @description `malformed-request`: The body is no JSON or has a `__proto__` or `constructor` key that would poison an object, or the URL cannot be decoded. */
            400: {
                headers: {
                    RateLimit: components["headers"]["RateLimit"];
                    "RateLimit-Policy": components["headers"]["RateLimit-Policy"];
                    "X-Request-Id": components["headers"]["X-Request-Id"];
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["ProblemDto"];
                };
            };
            /** @description `unauthenticated`: The server takes known clients only (`TELEFUSER_AUTH=required`), and the request has no credential, or one that is unknown, wrong or expired. */
            401: {
                headers: {
                    RateLimit: components["headers"]["RateLimit"];
                    "RateLimit-Policy": components["headers"]["RateLimit-Policy"];
                    /** @description What is wrong with the credential, and the scope that is needed (RFC 6750 section 3). */
                    "WWW-Authenticate"?: string;
                    "X-Request-Id": components["headers"]["X-Request-Id"];
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["ProblemDto"];
                };
            };
            /** @description `insufficient-scope`: The credential is valid, but lacks the scope that the operation needs; `WWW-Authenticate` names it. */
            403: {
                headers: {
                    RateLimit: components["headers"]["RateLimit"];
                    "RateLimit-Policy": components["headers"]["RateLimit-Policy"];
                    /** @description What is wrong with the credential, and the scope that is needed (RFC 6750 section 3). */
                    "WWW-Authenticate"?: string;
                    "X-Request-Id": components["headers"]["X-Request-Id"];
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["ProblemDto"];
                };
            };
            /** @description `session-not-found`: No session with this id is open: it was never opened, is closed, or is not yours. */
            404: {
                headers: {
                    RateLimit: components["headers"]["RateLimit"];
                    "RateLimit-Policy": components["headers"]["RateLimit-Policy"];
                    "X-Request-Id": components["headers"]["X-Request-Id"];
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["ProblemDto"];
                };
            };
            /** @description `body-too-large`: The body is longer than `TELEFUSER_MAX_BODY_BYTES`. */
            413: {
                headers: {
                    RateLimit: components["headers"]["RateLimit"];
                    "RateLimit-Policy": components["headers"]["RateLimit-Policy"];
                    "X-Request-Id": components["headers"]["X-Request-Id"];
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["ProblemDto"];
                };
            };
            /** @description `unsupported-media-type`: The body is not announced as what the route takes: JSON, or by WHEP an SDP offer or fragment. */
            415: {
                headers: {
                    RateLimit: components["headers"]["RateLimit"];
                    "RateLimit-Policy": components["headers"]["RateLimit-Policy"];
                    "X-Request-Id": components["headers"]["X-Request-Id"];
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["ProblemDto"];
                };
            };
            /** @description `rate-limited`: The client, or its address as long as it has no valid credential, has made as many requests as `TELEFUSER_RATE_LIMIT` allows in a minute. */
            429: {
                headers: {
                    RateLimit: components["headers"]["RateLimit"];
                    "RateLimit-Policy": components["headers"]["RateLimit-Policy"];
                    /** @description Seconds to wait before trying again. */
                    "Retry-After"?: number;
                    "X-Request-Id": components["headers"]["X-Request-Id"];
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["ProblemDto"];
                };
            };
            /** @description `internal-error`: Something failed that the server did not foresee. The answer says nothing more; the log does. */
            500: {
                headers: {
                    RateLimit: components["headers"]["RateLimit"];
                    "RateLimit-Policy": components["headers"]["RateLimit-Policy"];
                    "X-Request-Id": components["headers"]["X-Request-Id"];
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["ProblemDto"];
                };
            };
            /** @description `identity-unavailable`: The public keys of the identity provider (`TELEFUSER_JWKS_URL`) could not be fetched. */
            503: {
                headers: {
                    RateLimit: components["headers"]["RateLimit"];
                    "RateLimit-Policy": components["headers"]["RateLimit-Policy"];
                    /** @description Seconds to wait before trying again. */
                    "Retry-After"?: number;
                    "X-Request-Id": components["headers"]["X-Request-Id"];
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["ProblemDto"];
                };
            };
        };
    };
    webRtcOffer: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": components["schemas"]["WebRtcOffer"];
            };
        };
        responses: {
            /** @description The session is open; apply the answer. */
            200: {
                headers: {
                    /**
                     * @description Names the ICE session, for If-Match.
                     * @example "0-EsAw"
                     */
                    ETag?: string;
                    RateLimit: components["headers"]["RateLimit"];
                    "RateLimit-Policy": components["headers"]["RateLimit-Policy"];
                    "X-Request-Id": components["headers"]["X-Request-Id"];
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["WebRtcAnswer"];
                };
            };
            /**
             * @description `invalid-sdp`: The offer is no SDP, is too large, or has no media section, ICE credentials or DTLS fingerprint that this server can answer.
             *
             *     `invalid-image`: The `image` of the offer is a data URL, but not one of a whole JPEG, PNG or WebP file that is no animation and within `max_image_bytes` and `max_image_pixels` of `/v1/service/metadata`; `errors` says which field and what is wrong.
             *
             *     `negotiation-failed`: The offer is well formed, but no answer to it could be made, for example because no codec is common to both sides.
             *
             *     `session-refused`: The pipeline looked at the request (its `config`, `prompt`, …) and refused it.
             *
             *     `malformed-request`: The body is no JSON or has a `__proto__` or `constructor` key that would poison an object, or the URL cannot be decoded.
             */
            400: {
                headers: {
                    RateLimit: components["headers"]["RateLimit"];
                    "RateLimit-Policy": components["headers"]["RateLimit-Policy"];
                    "X-Request-Id": components["headers"]["X-Request-Id"];
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["ProblemDto"];
                };
            };
            /** @description `unauthenticated`: The server takes known clients only (`TELEFUSER_AUTH=required`), and the request has no credential, or one that is unknown, wrong or expired. */
            401: {
                headers: {
                    RateLimit: components["headers"]["RateLimit"];
                    "RateLimit-Policy": components["headers"]["RateLimit-Policy"];
                    /** @description What is wrong with the credential, and the scope that is needed (RFC 6750 section 3). */
                    "WWW-Authenticate"?: string;
                    "X-Request-Id": components["headers"]["X-Request-Id"];
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["ProblemDto"];
                };
            };
            /**
             * @description `insufficient-scope`: The credential is valid, but lacks the scope that the operation needs; `WWW-Authenticate` names it.
             *
             *     `token-used`: A stream token opens one session, and this one has done so, or is doing so right now.
             */
            403: {
                headers: {
                    RateLimit: components["headers"]["RateLimit"];
                    "RateLimit-Policy": components["headers"]["RateLimit-Policy"];
                    /** @description What is wrong with the credential, and the scope that is needed (RFC 6750 section 3). */
                    "WWW-Authenticate"?: string;
                    "X-Request-Id": components["headers"]["X-Request-Id"];
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["ProblemDto"];
                };
            };
            /** @description `session-conflict`: A session with this id is open, or the pipeline says that the session conflicts with another one. */
            409: {
                headers: {
                    RateLimit: components["headers"]["RateLimit"];
                    "RateLimit-Policy": components["headers"]["RateLimit-Policy"];
                    "X-Request-Id": components["headers"]["X-Request-Id"];
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["ProblemDto"];
                };
            };
            /** @description `body-too-large`: The body is longer than `TELEFUSER_MAX_BODY_BYTES`. */
            413: {
                headers: {
                    RateLimit: components["headers"]["RateLimit"];
                    "RateLimit-Policy": components["headers"]["RateLimit-Policy"];
                    "X-Request-Id": components["headers"]["X-Request-Id"];
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["ProblemDto"];
                };
            };
            /** @description `unsupported-media-type`: The body is not announced as what the route takes: JSON, or by WHEP an SDP offer or fragment. */
            415: {
                headers: {
                    RateLimit: components["headers"]["RateLimit"];
                    "RateLimit-Policy": components["headers"]["RateLimit-Policy"];
                    "X-Request-Id": components["headers"]["X-Request-Id"];
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["ProblemDto"];
                };
            };
            /** @description `validation-failed`: The body is JSON, but a field is missing, of the wrong type or out of its bounds; `errors` names each. By WHEP the query parameters are the fields. */
            422: {
                headers: {
                    RateLimit: components["headers"]["RateLimit"];
                    "RateLimit-Policy": components["headers"]["RateLimit-Policy"];
                    "X-Request-Id": components["headers"]["X-Request-Id"];
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["ProblemDto"];
                };
            };
            /**
             * @description `rate-limited`: The client, or its address as long as it has no valid credential, has made as many requests as `TELEFUSER_RATE_LIMIT` allows in a minute.
             *
             *     `tenant-quota`: The tenant has as many sessions open as `TELEFUSER_TENANT_MAX_SESSIONS` allows.
             */
            429: {
                headers: {
                    RateLimit: components["headers"]["RateLimit"];
                    "RateLimit-Policy": components["headers"]["RateLimit-Policy"];
                    /** @description Seconds to wait before trying again. */
                    "Retry-After"?: number;
                    "X-Request-Id": components["headers"]["X-Request-Id"];
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["ProblemDto"];
                };
            };
            /** @description `internal-error`: Something failed that the server did not foresee. The answer says nothing more; the log does. */
            500: {
                headers: {
                    RateLimit: components["headers"]["RateLimit"];
                    "RateLimit-Policy": components["headers"]["RateLimit-Policy"];
                    "X-Request-Id": components["headers"]["X-Request-Id"];
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["ProblemDto"];
                };
            };
            /**
             * @description `identity-unavailable`: The public keys of the identity provider (`TELEFUSER_JWKS_URL`) could not be fetched.
             *
             *     `service-not-running`: The pipeline is still starting, failed to start, has crashed and is being started again, or the server is shutting down.
             *
             *     `pipeline-busy`: The pipeline declares how many sessions one of its processes takes at once (`maxSessions`), and every process has as many.
             *
             *     `draining`: The server was asked to end: its open sessions go on for a while, and it takes no new ones.
             *
             *     `max-sessions`: As many sessions are open as `TELEFUSER_WEBRTC_MAX_SESSIONS` allows.
             *
             *     `no-media-path`: Every UDP port of `TELEFUSER_ICE_UDP_PORTS` is taken, or media may only be relayed and no TURN server relays it.
             */
            503: {
                headers: {
                    RateLimit: components["headers"]["RateLimit"];
                    "RateLimit-Policy": components["headers"]["RateLimit-Policy"];
                    /** @description Seconds to wait before trying again. */
                    "Retry-After"?: number;
                    "X-Request-Id": components["headers"]["X-Request-Id"];
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["ProblemDto"];
                };
            };
        };
    };
    whepDiscover: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description A WHEP endpoint. */
            200: {
                headers: {
                    RateLimit: components["headers"]["RateLimit"];
                    "RateLimit-Policy": components["headers"]["RateLimit-Policy"];
                    "X-Request-Id": components["headers"]["X-Request-Id"];
                    [name: string]: unknown;
                };
                content?: never;
            };
            /** @description `unauthenticated`: The server takes known clients only (`TELEFUSER_AUTH=required`), and the request has no credential, or one that is unknown, wrong or expired. */
            401: {
                headers: {
                    RateLimit: components["headers"]["RateLimit"];
                    "RateLimit-Policy": components["headers"]["RateLimit-Policy"];
                    /** @description What is wrong with the credential, and the scope that is needed (RFC 6750 section 3). */
                    "WWW-Authenticate"?: string;
                    "X-Request-Id": components["headers"]["X-Request-Id"];
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["ProblemDto"];
                };
            };
            /** @description `insufficient-scope`: The credential is valid, but lacks the scope that the operation needs; `WWW-Authenticate` names it. */
            403: {
                headers: {
                    RateLimit: components["headers"]["RateLimit"];
                    "RateLimit-Policy": components["headers"]["RateLimit-Policy"];
                    /** @description What is wrong with the credential, and the scope that is needed (RFC 6750 section 3). */
                    "WWW-Authenticate"?: string;
                    "X-Request-Id": components["headers"]["X-Request-Id"];
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["ProblemDto"];
                };
            };
            /** @description `rate-limited`: The client, or its address as long as it has no valid credential, has made as many requests as `TELEFUSER_RATE_LIMIT` allows in a minute. */
            429: {
                headers: {
                    RateLimit: components["headers"]["RateLimit"];
                    "RateLimit-Policy": components["headers"]["RateLimit-Policy"];
                    /** @description Seconds to wait before trying again. */
                    "Retry-After"?: number;
                    "X-Request-Id": components["headers"]["X-Request-Id"];
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["ProblemDto"];
                };
            };
            /** @description `internal-error`: Something failed that the server did not foresee. The answer says nothing more; the log does. */
            500: {
                headers: {
                    RateLimit: components["headers"]["RateLimit"];
                    "RateLimit-Policy": components["headers"]["RateLimit-Policy"];
                    "X-Request-Id": components["headers"]["X-Request-Id"];
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["ProblemDto"];
                };
            };
            /** @description `identity-unavailable`: The public keys of the identity provider (`TELEFUSER_JWKS_URL`) could not be fetched. */
            503: {
                headers: {
                    RateLimit: components["headers"]["RateLimit"];
                    "RateLimit-Policy": components["headers"]["RateLimit-Policy"];
                    /** @description Seconds to wait before trying again. */
                    "Retry-After"?: number;
                    "X-Request-Id": components["headers"]["X-Request-Id"];
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["ProblemDto"];
                };
            };
        };
    };
    whepOpen: {
        parameters: {
            query?: {
                /** @description Session configuration as a JSON object; what is accepted is up to the pipeline. */
                config?: string;
                /** @description Frames a second for chunks that say none. */
                fps?: number;
                /** @description What to generate. */
                prompt?: string;
                /** @description Id of the session; the server makes one if it is left out. A session_id has 1 to 128 letters, digits, ".", "_" or "-", and begins and ends with a letter or digit. */
                session_id?: string;
                /** @description The pipeline's task. */
                task?: string;
            };
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** @description SDP of the offer. */
        requestBody: {
            content: {
                "application/sdp": string;
            };
        };
        responses: {
            /** @description The session is open; apply the answer. */
            201: {
                headers: {
                    /**
                     * @description Names the ICE session, for If-Match.
                     * @example "0-EsAw"
                     */
                    ETag?: string;
                    /**
                     * @description STUN and TURN servers with credentials minted for the client (RFC 9725 section 4.6); absent where none are configured.
                     * @example <turn:turn.example.com:3478>; rel="ice-server"; username="1767225600:5c3f0b6e"; credential="gSXS9Kgt1Y1GzUKKN0o7cKbVKqI="; credential-type="password"
                     */
                    Link?: string;
                    /**
                     * @description URL of the session, for PATCH and DELETE.
                     * @example /v1/stream/whep/5c3f0b6e-1d2a-4c55-9d0e-3a8b7f0d9c11
                     */
                    Location?: string;
                    RateLimit: components["headers"]["RateLimit"];
                    "RateLimit-Policy": components["headers"]["RateLimit-Policy"];
                    "X-Request-Id": components["headers"]["X-Request-Id"];
                    [name: string]: unknown;
                };
                content: {
                    /**
                     * @example v=0
                     *     o=- 4611731400430051336 2 IN IP4 127.0.0.1
                     *     s=-
                     *     t=0 0
                     *     a=group:BUNDLE 0
                     *     m=video 9 UDP/TLS/RTP/SAVPF 96
                     *     …
                     */
                    "application/sdp": string;
                };
            };
            /**
             * @description `invalid-sdp`: The offer is no SDP, is too large, or has no media section, ICE credentials or DTLS fingerprint that this server can answer.
             *
             *     `invalid-image`: The `image` of the offer is a data URL, but not one of a whole JPEG, PNG or WebP file that is no animation and within `max_image_bytes` and `max_image_pixels` of `/v1/service/metadata`; `errors` says which field and what is wrong.
             *
             *     `negotiation-failed`: The offer is well formed, but no answer to it could be made, for example because no codec is common to both sides.
             *
             *     `session-refused`: The pipeline looked at the request (its `config`, `prompt`, …) and refused it.
             *
             *     `malformed-request`: The body is no JSON or has a `__proto__` or `constructor` key that would poison an object, or the URL cannot be decoded.
             */
            400: {
                headers: {
                    RateLimit: components["headers"]["RateLimit"];
                    "RateLimit-Policy": components["headers"]["RateLimit-Policy"];
                    "X-Request-Id": components["headers"]["X-Request-Id"];
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["ProblemDto"];
                };
            };
            /** @description `unauthenticated`: The server takes known clients only (`TELEFUSER_AUTH=required`), and the request has no credential, or one that is unknown, wrong or expired. */
            401: {
                headers: {
                    RateLimit: components["headers"]["RateLimit"];
                    "RateLimit-Policy": components["headers"]["RateLimit-Policy"];
                    /** @description What is wrong with the credential, and the scope that is needed (RFC 6750 section 3). */
                    "WWW-Authenticate"?: string;
                    "X-Request-Id": components["headers"]["X-Request-Id"];
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["ProblemDto"];
                };
            };
            /**
             * @description `insufficient-scope`: The credential is valid, but lacks the scope that the operation needs; `WWW-Authenticate` names it.
             *
             *     `token-used`: A stream token opens one session, and this one has done so, or is doing so right now.
             */
            403: {
                headers: {
                    RateLimit: components["headers"]["RateLimit"];
                    "RateLimit-Policy": components["headers"]["RateLimit-Policy"];
                    /** @description What is wrong with the credential, and the scope that is needed (RFC 6750 section 3). */
                    "WWW-Authenticate"?: string;
                    "X-Request-Id": components["headers"]["X-Request-Id"];
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["ProblemDto"];
                };
            };
            /** @description `session-conflict`: A session with this id is open, or the pipeline says that the session conflicts with another one. */
            409: {
                headers: {
                    RateLimit: components["headers"]["RateLimit"];
                    "RateLimit-Policy": components["headers"]["RateLimit-Policy"];
                    "X-Request-Id": components["headers"]["X-Request-Id"];
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["ProblemDto"];
                };
            };
            /** @description `body-too-large`: The body is longer than `TELEFUSER_MAX_BODY_BYTES`. */
            413: {
                headers: {
                    RateLimit: components["headers"]["RateLimit"];
                    "RateLimit-Policy": components["headers"]["RateLimit-Policy"];
                    "X-Request-Id": components["headers"]["X-Request-Id"];
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["ProblemDto"];
                };
            };
            /** @description `unsupported-media-type`: The body is not announced as what the route takes: JSON, or by WHEP an SDP offer or fragment. */
            415: {
                headers: {
                    RateLimit: components["headers"]["RateLimit"];
                    "RateLimit-Policy": components["headers"]["RateLimit-Policy"];
                    "X-Request-Id": components["headers"]["X-Request-Id"];
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["ProblemDto"];
                };
            };
            /** @description `validation-failed`: The body is JSON, but a field is missing, of the wrong type or out of its bounds; `errors` names each. By WHEP the query parameters are the fields. */
            422: {
                headers: {
                    RateLimit: components["headers"]["RateLimit"];
                    "RateLimit-Policy": components["headers"]["RateLimit-Policy"];
                    "X-Request-Id": components["headers"]["X-Request-Id"];
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["ProblemDto"];
                };
            };
            /**
             * @description `rate-limited`: The client, or its address as long as it has no valid credential, has made as many requests as `TELEFUSER_RATE_LIMIT` allows in a minute.
             *
             *     `tenant-quota`: The tenant has as many sessions open as `TELEFUSER_TENANT_MAX_SESSIONS` allows.
             */
            429: {
                headers: {
                    RateLimit: components["headers"]["RateLimit"];
                    "RateLimit-Policy": components["headers"]["RateLimit-Policy"];
                    /** @description Seconds to wait before trying again. */
                    "Retry-After"?: number;
                    "X-Request-Id": components["headers"]["X-Request-Id"];
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["ProblemDto"];
                };
            };
            /** @description `internal-error`: Something failed that the server did not foresee. The answer says nothing more; the log does. */
            500: {
                headers: {
                    RateLimit: components["headers"]["RateLimit"];
                    "RateLimit-Policy": components["headers"]["RateLimit-Policy"];
                    "X-Request-Id": components["headers"]["X-Request-Id"];
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["ProblemDto"];
                };
            };
            /**
             * @description `identity-unavailable`: The public keys of the identity provider (`TELEFUSER_JWKS_URL`) could not be fetched.
             *
             *     `service-not-running`: The pipeline is still starting, failed to start, has crashed and is being started again, or the server is shutting down.
             *
             *     `pipeline-busy`: The pipeline declares how many sessions one of its processes takes at once (`maxSessions`), and every process has as many.
             *
             *     `draining`: The server was asked to end: its open sessions go on for a while, and it takes no new ones.
             *
             *     `max-sessions`: As many sessions are open as `TELEFUSER_WEBRTC_MAX_SESSIONS` allows.
             *
             *     `no-media-path`: Every UDP port of `TELEFUSER_ICE_UDP_PORTS` is taken, or media may only be relayed and no TURN server relays it.
             */
            503: {
                headers: {
                    RateLimit: components["headers"]["RateLimit"];
                    "RateLimit-Policy": components["headers"]["RateLimit-Policy"];
                    /** @description Seconds to wait before trying again. */
                    "Retry-After"?: number;
                    "X-Request-Id": components["headers"]["X-Request-Id"];
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["ProblemDto"];
                };
            };
        };
    };
    whepFind: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                session_id: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description It is. */
            204: {
                headers: {
                    /**
                     * @description Names the ICE session, for If-Match.
                     * @example "0-EsAw"
                     */
                    ETag?: string;
                    RateLimit: components["headers"]["RateLimit"];
                    "RateLimit-Policy": components["headers"]["RateLimit-Policy"];
                    "X-Request-Id": components["headers"]["X-Request-Id"];
                    [name: string]: unknown;
                };
                content?: never;
            };
            /** @description `malformed-request`: The body is no JSON or has a `__proto__` or `constructor` key that would poison an object, or the URL cannot be decoded. */
            400: {
                headers: {
                    RateLimit: components["headers"]["RateLimit"];
                    "RateLimit-Policy": components["headers"]["RateLimit-Policy"];
                    "X-Request-Id": components["headers"]["X-Request-Id"];
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["ProblemDto"];
                };
            };
            /** @description `unauthenticated`: The server takes known clients only (`TELEFUSER_AUTH=required`), and the request has no credential, or one that is unknown, wrong or expired. */
            401: {
                headers: {
                    RateLimit: components["headers"]["RateLimit"];
                    "RateLimit-Policy": components["headers"]["RateLimit-Policy"];
                    /** @description What is wrong with the credential, and the scope that is needed (RFC 6750 section 3). */
                    "WWW-Authenticate"?: string;
                    "X-Request-Id": components["headers"]["X-Request-Id"];
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["ProblemDto"];
                };
            };
            /** @description `insufficient-scope`: The credential is valid, but lacks the scope that the operation needs; `WWW-Authenticate` names it. */
            403: {
                headers: {
                    RateLimit: components["headers"]["RateLimit"];
                    "RateLimit-Policy": components["headers"]["RateLimit-Policy"];
                    /** @description What is wrong with the credential, and the scope that is needed (RFC 6750 section 3). */
                    "WWW-Authenticate"?: string;
                    "X-Request-Id": components["headers"]["X-Request-Id"];
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["ProblemDto"];
                };
            };
            /** @description `session-not-found`: No session with this id is open: it was never opened, is closed, or is not yours. */
            404: {
                headers: {
                    RateLimit: components["headers"]["RateLimit"];
                    "RateLimit-Policy": components["headers"]["RateLimit-Policy"];
                    "X-Request-Id": components["headers"]["X-Request-Id"];
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["ProblemDto"];
                };
            };
            /** @description `rate-limited`: The client, or its address as long as it has no valid credential, has made as many requests as `TELEFUSER_RATE_LIMIT` allows in a minute. */
            429: {
                headers: {
                    RateLimit: components["headers"]["RateLimit"];
                    "RateLimit-Policy": components["headers"]["RateLimit-Policy"];
                    /** @description Seconds to wait before trying again. */
                    "Retry-After"?: number;
                    "X-Request-Id": components["headers"]["X-Request-Id"];
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["ProblemDto"];
                };
            };
            /** @description `internal-error`: Something failed that the server did not foresee. The answer says nothing more; the log does. */
            500: {
                headers: {
                    RateLimit: components["headers"]["RateLimit"];
                    "RateLimit-Policy": components["headers"]["RateLimit-Policy"];
                    "X-Request-Id": components["headers"]["X-Request-Id"];
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["ProblemDto"];
                };
            };
            /** @description `identity-unavailable`: The public keys of the identity provider (`TELEFUSER_JWKS_URL`) could not be fetched. */
            503: {
                headers: {
                    RateLimit: components["headers"]["RateLimit"];
                    "RateLimit-Policy": components["headers"]["RateLimit-Policy"];
                    /** @description Seconds to wait before trying again. */
                    "Retry-After"?: number;
                    "X-Request-Id": components["headers"]["X-Request-Id"];
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["ProblemDto"];
                };
            };
        };
    };
    whepClose: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                session_id: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description The session is closed and everything it used is released. */
            200: {
                headers: {
                    RateLimit: components["headers"]["RateLimit"];
                    "RateLimit-Policy": components["headers"]["RateLimit-Policy"];
                    "X-Request-Id": components["headers"]["X-Request-Id"];
                    [name: string]: unknown;
                };
                content?: never;
            };
            /** @description `malformed-request`: The body is no JSON or has a `__proto__` or `constructor` key that would poison an object, or the URL cannot be decoded. */
            400: {
                headers: {
                    RateLimit: components["headers"]["RateLimit"];
                    "RateLimit-Policy": components["headers"]["RateLimit-Policy"];
                    "X-Request-Id": components["headers"]["X-Request-Id"];
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["ProblemDto"];
                };
            };
            /** @description `unauthenticated`: The server takes known clients only (`TELEFUSER_AUTH=required`), and the request has no credential, or one that is unknown, wrong or expired. */
            401: {
                headers: {
                    RateLimit: components["headers"]["RateLimit"];
                    "RateLimit-Policy": components["headers"]["RateLimit-Policy"];
                    /** @description What is wrong with the credential, and the scope that is needed (RFC 6750 section 3). */
                    "WWW-Authenticate"?: string;
                    "X-Request-Id": components["headers"]["X-Request-Id"];
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["ProblemDto"];
                };
            };
            /** @description `insufficient-scope`: The credential is valid, but lacks the scope that the operation needs; `WWW-Authenticate` names it. */
            403: {
                headers: {
                    RateLimit: components["headers"]["RateLimit"];
                    "RateLimit-Policy": components["headers"]["RateLimit-Policy"];
                    /** @description What is wrong with the credential, and the scope that is needed (RFC 6750 section 3). */
                    "WWW-Authenticate"?: string;
                    "X-Request-Id": components["headers"]["X-Request-Id"];
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["ProblemDto"];
                };
            };
            /** @description `session-not-found`: No session with this id is open: it was never opened, is closed, or is not yours. */
            404: {
                headers: {
                    RateLimit: components["headers"]["RateLimit"];
                    "RateLimit-Policy": components["headers"]["RateLimit-Policy"];
                    "X-Request-Id": components["headers"]["X-Request-Id"];
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["ProblemDto"];
                };
            };
            /** @description `body-too-large`: The body is longer than `TELEFUSER_MAX_BODY_BYTES`. */
            413: {
                headers: {
                    RateLimit: components["headers"]["RateLimit"];
                    "RateLimit-Policy": components["headers"]["RateLimit-Policy"];
                    "X-Request-Id": components["headers"]["X-Request-Id"];
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["ProblemDto"];
                };
            };
            /** @description `unsupported-media-type`: The body is not announced as what the route takes: JSON, or by WHEP an SDP offer or fragment. */
            415: {
                headers: {
                    RateLimit: components["headers"]["RateLimit"];
                    "RateLimit-Policy": components["headers"]["RateLimit-Policy"];
                    "X-Request-Id": components["headers"]["X-Request-Id"];
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["ProblemDto"];
                };
            };
            /** @description `rate-limited`: The client, or its address as long as it has no valid credential, has made as many requests as `TELEFUSER_RATE_LIMIT` allows in a minute. */
            429: {
                headers: {
                    RateLimit: components["headers"]["RateLimit"];
                    "RateLimit-Policy": components["headers"]["RateLimit-Policy"];
                    /** @description Seconds to wait before trying again. */
                    "Retry-After"?: number;
                    "X-Request-Id": components["headers"]["X-Request-Id"];
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["ProblemDto"];
                };
            };
            /** @description `internal-error`: Something failed that the server did not foresee. The answer says nothing more; the log does. */
            500: {
                headers: {
                    RateLimit: components["headers"]["RateLimit"];
                    "RateLimit-Policy": components["headers"]["RateLimit-Policy"];
                    "X-Request-Id": components["headers"]["X-Request-Id"];
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["ProblemDto"];
                };
            };
            /** @description `identity-unavailable`: The public keys of the identity provider (`TELEFUSER_JWKS_URL`) could not be fetched. */
            503: {
                headers: {
                    RateLimit: components["headers"]["RateLimit"];
                    "RateLimit-Policy": components["headers"]["RateLimit-Policy"];
                    /** @description Seconds to wait before trying again. */
                    "Retry-After"?: number;
                    "X-Request-Id": components["headers"]["X-Request-Id"];
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["ProblemDto"];
                };
            };
        };
    };
    whepUpdate: {
        parameters: {
            query?: never;
            header: {
                /** @description The ETag of the ICE session; `*` for a restart. */
                "If-Match": string;
            };
            path: {
                session_id: string;
            };
            cookie?: never;
        };
        /** @description SDP fragment (RFC 8840). */
        requestBody: {
            content: {
                "application/trickle-ice-sdpfrag": string;
            };
        };
        responses: {
            /** @description ICE was restarted: the credentials and candidates of the server. */
            200: {
                headers: {
                    /**
                     * @description Names the ICE session, for If-Match.
                     * @example "0-EsAw"
                     */
                    ETag?: string;
                    RateLimit: components["headers"]["RateLimit"];
                    "RateLimit-Policy": components["headers"]["RateLimit-Policy"];
                    "X-Request-Id": components["headers"]["X-Request-Id"];
                    [name: string]: unknown;
                };
                content: {
                    /**
                     * @example a=group:BUNDLE 0 1
                     *     m=audio 9 UDP/TLS/RTP/SAVPF 111
                     *     a=mid:0
                     *     a=ice-ufrag:EsAw
                     *     a=ice-pwd:P2uYro0UCOQ4zxjKXaWCBui1
                     *     a=candidate:1387637174 1 udp 2122260223 192.0.2.1 61764 typ host
                     *     a=end-of-candidates
                     */
                    "application/trickle-ice-sdpfrag": string;
                };
            };
            /** @description The candidates were taken. */
            204: {
                headers: {
                    RateLimit: components["headers"]["RateLimit"];
                    "RateLimit-Policy": components["headers"]["RateLimit-Policy"];
                    "X-Request-Id": components["headers"]["X-Request-Id"];
                    [name: string]: unknown;
                };
                content?: never;
            };
            /**
             * @description `invalid-sdp-fragment`: The body of a `PATCH` by WHEP is no SDP fragment (RFC 8840), is too large, or lacks the ICE credentials of the client.
             *
             *     `malformed-request`: The body is no JSON or has a `__proto__` or `constructor` key that would poison an object, or the URL cannot be decoded.
             */
            400: {
                headers: {
                    RateLimit: components["headers"]["RateLimit"];
                    "RateLimit-Policy": components["headers"]["RateLimit-Policy"];
                    "X-Request-Id": components["headers"]["X-Request-Id"];
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["ProblemDto"];
                };
            };
            /** @description `unauthenticated`: The server takes known clients only (`TELEFUSER_AUTH=required`), and the request has no credential, or one that is unknown, wrong or expired. */
            401: {
                headers: {
                    RateLimit: components["headers"]["RateLimit"];
                    "RateLimit-Policy": components["headers"]["RateLimit-Policy"];
                    /** @description What is wrong with the credential, and the scope that is needed (RFC 6750 section 3). */
                    "WWW-Authenticate"?: string;
                    "X-Request-Id": components["headers"]["X-Request-Id"];
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["ProblemDto"];
                };
            };
            /** @description `insufficient-scope`: The credential is valid, but lacks the scope that the operation needs; `WWW-Authenticate` names it. */
            403: {
                headers: {
                    RateLimit: components["headers"]["RateLimit"];
                    "RateLimit-Policy": components["headers"]["RateLimit-Policy"];
                    /** @description What is wrong with the credential, and the scope that is needed (RFC 6750 section 3). */
                    "WWW-Authenticate"?: string;
                    "X-Request-Id": components["headers"]["X-Request-Id"];
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["ProblemDto"];
                };
            };
            /** @description `session-not-found`: No session with this id is open: it was never opened, is closed, or is not yours. */
            404: {
                headers: {
                    RateLimit: components["headers"]["RateLimit"];
                    "RateLimit-Policy": components["headers"]["RateLimit-Policy"];
                    "X-Request-Id": components["headers"]["X-Request-Id"];
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["ProblemDto"];
                };
            };
            /** @description `ice-restart-refused`: The session has never been connected, so there is nothing to restart, or its offer had no BUNDLE group. */
            409: {
                headers: {
                    RateLimit: components["headers"]["RateLimit"];
                    "RateLimit-Policy": components["headers"]["RateLimit-Policy"];
                    "X-Request-Id": components["headers"]["X-Request-Id"];
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["ProblemDto"];
                };
            };
            /** @description `precondition-failed`: The `If-Match` of a `PATCH` by WHEP names an ICE session that was restarted since. */
            412: {
                headers: {
                    RateLimit: components["headers"]["RateLimit"];
                    "RateLimit-Policy": components["headers"]["RateLimit-Policy"];
                    "X-Request-Id": components["headers"]["X-Request-Id"];
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["ProblemDto"];
                };
            };
            /** @description `body-too-large`: The body is longer than `TELEFUSER_MAX_BODY_BYTES`. */
            413: {
                headers: {
                    RateLimit: components["headers"]["RateLimit"];
                    "RateLimit-Policy": components["headers"]["RateLimit-Policy"];
                    "X-Request-Id": components["headers"]["X-Request-Id"];
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["ProblemDto"];
                };
            };
            /** @description `unsupported-media-type`: The body is not announced as what the route takes: JSON, or by WHEP an SDP offer or fragment. */
            415: {
                headers: {
                    RateLimit: components["headers"]["RateLimit"];
                    "RateLimit-Policy": components["headers"]["RateLimit-Policy"];
                    "X-Request-Id": components["headers"]["X-Request-Id"];
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["ProblemDto"];
                };
            };
            /** @description `precondition-required`: A `PATCH` by WHEP has no `If-Match`. */
            428: {
                headers: {
                    RateLimit: components["headers"]["RateLimit"];
                    "RateLimit-Policy": components["headers"]["RateLimit-Policy"];
                    "X-Request-Id": components["headers"]["X-Request-Id"];
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["ProblemDto"];
                };
            };
            /** @description `rate-limited`: The client, or its address as long as it has no valid credential, has made as many requests as `TELEFUSER_RATE_LIMIT` allows in a minute. */
            429: {
                headers: {
                    RateLimit: components["headers"]["RateLimit"];
                    "RateLimit-Policy": components["headers"]["RateLimit-Policy"];
                    /** @description Seconds to wait before trying again. */
                    "Retry-After"?: number;
                    "X-Request-Id": components["headers"]["X-Request-Id"];
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["ProblemDto"];
                };
            };
            /** @description `internal-error`: Something failed that the server did not foresee. The answer says nothing more; the log does. */
            500: {
                headers: {
                    RateLimit: components["headers"]["RateLimit"];
                    "RateLimit-Policy": components["headers"]["RateLimit-Policy"];
                    "X-Request-Id": components["headers"]["X-Request-Id"];
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["ProblemDto"];
                };
            };
            /** @description `identity-unavailable`: The public keys of the identity provider (`TELEFUSER_JWKS_URL`) could not be fetched. */
            503: {
                headers: {
                    RateLimit: components["headers"]["RateLimit"];
                    "RateLimit-Policy": components["headers"]["RateLimit-Policy"];
                    /** @description Seconds to wait before trying again. */
                    "Retry-After"?: number;
                    "X-Request-Id": components["headers"]["X-Request-Id"];
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["ProblemDto"];
                };
            };
        };
    };
}
