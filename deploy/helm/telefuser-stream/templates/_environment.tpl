{{/* The variables of the server that the values decide, as a list of a container's env. */}}
{{- define "telefuser-stream.environment" -}}
{{- $media := .Values.media -}}
{{- $auth := .Values.auth -}}
- name: TELEFUSER_HOST
  value: {{ .Values.http.address | quote }}
- name: TELEFUSER_PORT
  value: {{ .Values.http.port | int | quote }}
- name: TELEFUSER_MANAGEMENT_PORT
  value: {{ .Values.management.port | int | quote }}
{{- if eq $media.mode "hostNetwork" }}
# The node's inner address: there is nothing else between the management listener and whoever reaches the node.
- name: POD_IP
  valueFrom: { fieldRef: { fieldPath: status.podIP } }
- name: TELEFUSER_MANAGEMENT_HOST
  value: $(POD_IP)
{{- end }}
- name: TELEFUSER_SECURITY_LEVEL
  value: {{ .Values.pipeline.securityLevel }}
- name: TELEFUSER_PIPELINE_WORKERS
  value: {{ .Values.pipeline.workers | int | quote }}
- name: TELEFUSER_PIPELINE_START_TIMEOUT_SECONDS
  value: {{ .Values.pipeline.startTimeoutSeconds | int | quote }}
- name: TELEFUSER_PIPELINE_CLOSE_TIMEOUT_SECONDS
  value: {{ .Values.pipeline.closeTimeoutSeconds | int | quote }}
- name: TELEFUSER_PIPELINE_ASSETS
  value: {{ .Values.pipeline.assets | toJson | quote }}
- name: TELEFUSER_PIPELINE_ENV
  value: {{ .Values.pipeline.environment | toJson | quote }}
- name: TELEFUSER_WEBRTC_MAX_SESSIONS
  value: {{ .Values.sessions.max | int | quote }}
- name: TELEFUSER_TENANT_MAX_SESSIONS
  value: {{ .Values.sessions.perTenant | int | quote }}
- name: TELEFUSER_DRAIN_TIMEOUT_SECONDS
  value: {{ .Values.drain.timeoutSeconds | int | quote }}
- name: TELEFUSER_LOG_LEVEL
  value: {{ .Values.log.level }}
- name: TELEFUSER_LOG_FORMAT
  value: {{ .Values.log.format }}
- name: TELEFUSER_CORS_ORIGINS
  value: {{ .Values.http.corsOrigins | toJson | quote }}
- name: TELEFUSER_TRUSTED_PROXIES
  value: {{ .Values.http.trustedProxies | toJson | quote }}
- name: TELEFUSER_RATE_LIMIT
  value: {{ .Values.http.rateLimit | int | quote }}
- name: TELEFUSER_ICE_TRANSPORT_POLICY
  value: {{ ternary "relay" "all" (eq $media.mode "turn") }}
- name: TELEFUSER_ICE_DENIED_NETWORKS
  value: {{ $media.deniedNetworks | toJson | quote }}
{{- if ne $media.mode "turn" }}
- name: TELEFUSER_ICE_UDP_PORTS
  value: {{ printf "%d-%d" (int $media.udpPorts.first) (int $media.udpPorts.last) | quote }}
- name: TELEFUSER_ICE_TCP_PORT
  value: {{ $media.tcpPort | int | quote }}
{{- if $media.addresses }}
- name: TELEFUSER_ICE_HOST_ADDRESSES
  value: {{ $media.addresses | toJson | quote }}
- name: TELEFUSER_ICE_HOST_ADDRESS_MODE
  value: replace
{{- else if eq $media.mode "hostPorts" }}
- name: NODE_IP
  valueFrom: { fieldRef: { fieldPath: status.hostIP } }
- name: TELEFUSER_ICE_HOST_ADDRESSES
  value: $(NODE_IP)
- name: TELEFUSER_ICE_HOST_ADDRESS_MODE
  value: replace
{{- end }}
{{- with $media.stunServers }}
- name: TELEFUSER_STUN_SERVERS
  value: {{ toJson . | quote }}
{{- end }}
{{- end }}
{{- if $media.turn.servers }}
- name: TELEFUSER_TURN_SERVERS
  value: {{ $media.turn.servers | toJson | quote }}
- name: TELEFUSER_TURN_TTL_SECONDS
  value: {{ $media.turn.ttlSeconds | int | quote }}
{{- with include "telefuser-stream.turnSecret" . }}
- name: TELEFUSER_TURN_SECRET
  valueFrom: { secretKeyRef: { name: {{ . }}, key: {{ ternary $media.turn.existingSecretKey "turn" (not (empty $media.turn.existingSecret)) }} } }
{{- end }}
{{- end }}
- name: TELEFUSER_AUTH
  value: {{ $auth.mode }}
{{- if include "telefuser-stream.apiKeysSecret" . }}
- name: TELEFUSER_API_KEYS_FILE
  value: {{ printf "/etc/telefuser/api-keys/%s" (ternary $auth.apiKeys.existingSecretKey "keys.json" (not (empty $auth.apiKeys.existingSecret))) }}
{{- end }}
{{- with $auth.jwt }}
{{- if .jwksUrl }}
- name: TELEFUSER_JWKS_URL
  value: {{ .jwksUrl | quote }}
- name: TELEFUSER_JWT_ISSUER
  value: {{ .issuer | quote }}
- name: TELEFUSER_JWT_AUDIENCE
  value: {{ .audience | toJson | quote }}
{{- with .algorithms }}
- name: TELEFUSER_JWT_ALGORITHMS
  value: {{ toJson . | quote }}
{{- end }}
- name: TELEFUSER_JWT_TENANT_CLAIM
  value: {{ .tenantClaim | quote }}
{{- end }}
{{- end }}
{{- with include "telefuser-stream.tokenSecret" . }}
- name: TELEFUSER_STREAM_TOKEN_SECRET
  valueFrom: { secretKeyRef: { name: {{ . }}, key: {{ ternary $auth.streamTokens.existingSecretKey "stream-token" (not (empty $auth.streamTokens.existingSecret)) }} } }
{{- end }}
{{- if .Values.tls.existingSecret }}
- name: TELEFUSER_TLS_CERT
  value: /etc/telefuser/tls/tls.crt
- name: TELEFUSER_TLS_KEY
  value: /etc/telefuser/tls/tls.key
{{- end }}
{{- end -}}
