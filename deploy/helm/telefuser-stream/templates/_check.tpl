{{/* What the schema cannot say: values that need one another. Fails with every one of them at once. */}}
{{- define "telefuser-stream.check" -}}
{{- $problems := list -}}
{{- $auth := .Values.auth -}}
{{- $media := .Values.media -}}
{{- if and (eq $auth.mode "required") (not (include "telefuser-stream.apiKeysSecret" .)) (not $auth.jwt.jwksUrl) -}}
{{- $problems = append $problems "auth.mode is required and there are no credentials: set auth.apiKeys.existingSecret, auth.apiKeys.records or auth.jwt.jwksUrl (or auth.mode none, and anybody who reaches the API may use it)" -}}
{{- end -}}
{{- if and $auth.apiKeys.existingSecret $auth.apiKeys.records -}}
{{- $problems = append $problems "auth.apiKeys.records and auth.apiKeys.existingSecret are both set: set one" -}}
{{- end -}}
{{- if and $auth.jwt.jwksUrl (or (not $auth.jwt.issuer) (not $auth.jwt.audience)) -}}
{{- $problems = append $problems "auth.jwt.jwksUrl needs auth.jwt.issuer and auth.jwt.audience" -}}
{{- end -}}
{{- if and $auth.streamTokens.existingSecret $auth.streamTokens.secret -}}
{{- $problems = append $problems "auth.streamTokens.secret and auth.streamTokens.existingSecret are both set: set one" -}}
{{- end -}}
{{- if and $media.turn.existingSecret $media.turn.secret -}}
{{- $problems = append $problems "media.turn.secret and media.turn.existingSecret are both set: set one" -}}
{{- end -}}
{{- if and (eq $media.mode "turn") (not $media.turn.servers) -}}
{{- $problems = append $problems "media.mode is turn and there is no TURN server: set media.turn.servers, or media.mode hostPorts or hostNetwork" -}}
{{- end -}}
{{- if and $media.turn.servers (not (include "telefuser-stream.turnSecret" .)) -}}
{{- $problems = append $problems "media.turn.servers needs the secret they share: set media.turn.existingSecret or media.turn.secret" -}}
{{- end -}}
{{- if and (not $media.turn.servers) (include "telefuser-stream.turnSecret" .) -}}
{{- $problems = append $problems "media.turn has a secret and no server: set media.turn.servers" -}}
{{- end -}}
{{- if and (eq $media.mode "turn") (or $media.addresses $media.stunServers $media.tcpPort) -}}
{{- $problems = append $problems "media.addresses, media.stunServers and media.tcpPort have no effect in the mode turn, which announces relayed addresses only: unset them" -}}
{{- end -}}
{{- if ne $media.mode "turn" -}}
{{- $first := int $media.udpPorts.first -}}
{{- $last := int $media.udpPorts.last -}}
{{- $there := add1 (sub $last $first) | int -}}
{{- $each := max 1 (len $media.addresses) | int -}}
{{- $overUdp := false -}}
{{- with $media.turn.servers -}}
{{- $overUdp = and (hasPrefix "turn:" (first .)) (not (contains "transport=tcp" (first .))) -}}
{{- end -}}
{{- $needed := mul (int $.Values.sessions.max) (add $each (ternary 1 0 $overUdp)) | int -}}
{{- if lt $there $needed -}}
{{- $problems = append $problems (printf "media.udpPorts has %d ports, and sessions.max %d needs %d" $there (int $.Values.sessions.max) $needed) -}}
{{- end -}}
{{- if and (eq $media.mode "hostPorts") (gt $there 500) -}}
{{- $problems = append $problems (printf "media.udpPorts has %d ports, each of which is an entry of the pod: at most 500 in the mode hostPorts" $there) -}}
{{- end -}}
{{- range $name, $port := dict "http.port" .Values.http.port "management.port" .Values.management.port "media.tcpPort" $media.tcpPort -}}
{{- if and (ge (int $port) $first) (le (int $port) $last) -}}
{{- $problems = append $problems (printf "%s %d lies in media.udpPorts: choose another" $name (int $port)) -}}
{{- end -}}
{{- end -}}
{{- end -}}
{{- if eq (int .Values.http.port) (int .Values.management.port) -}}
{{- $problems = append $problems "http.port and management.port are the same: choose another" -}}
{{- end -}}
{{- if has (int $media.tcpPort) (list (int .Values.http.port) (int .Values.management.port)) -}}
{{- $problems = append $problems "media.tcpPort is that of another listener: choose another" -}}
{{- end -}}
{{- if and .Values.gpu.enabled (eq .Values.pipeline.securityLevel "strict") -}}
{{- $problems = append $problems "gpu.enabled needs pipeline.securityLevel standard: strict opens no GPU to a pipeline" -}}
{{- end -}}
{{- if and .Values.ingress.enabled (not .Values.ingress.host) -}}
{{- $problems = append $problems "ingress.enabled needs ingress.host" -}}
{{- end -}}
{{- if and .Values.httpRoute.enabled (not .Values.httpRoute.parentRefs) -}}
{{- $problems = append $problems "httpRoute.enabled needs httpRoute.parentRefs: the Gateway" -}}
{{- end -}}
{{- with .Values.autoscaling -}}
{{- if and (ne .mode "none") (lt (int .maxReplicas) (int .minReplicas)) -}}
{{- $problems = append $problems "autoscaling.maxReplicas is less than autoscaling.minReplicas" -}}
{{- end -}}
{{- if and (ne .mode "none") (gt (int .targetSessions) (int $.Values.sessions.max)) -}}
{{- $problems = append $problems "autoscaling.targetSessions is more than sessions.max, and would never be reached" -}}
{{- end -}}
{{- if and (eq .mode "keda") (not .prometheusAddress) -}}
{{- $problems = append $problems "autoscaling.mode is keda: set autoscaling.prometheusAddress" -}}
{{- end -}}
{{- end -}}
{{- $own := dict -}}
{{- range include "telefuser-stream.environment" . | fromYamlArray -}}
{{- $_ := set $own .name true -}}
{{- end -}}
{{- range $name, $_ := .Values.settings -}}
{{- if hasKey $own $name -}}
{{- $problems = append $problems (printf "settings.%s is set by a value of its own: use that (values.yaml)" $name) -}}
{{- end -}}
{{- if or (hasSuffix "_SECRET" $name) (has $name (list "TELEFUSER_API_KEYS" "TELEFUSER_TURN_CREDENTIAL")) -}}
{{- $problems = append $problems (printf "settings.%s would be readable in the Deployment: use the value that keeps it in a Secret" $name) -}}
{{- end -}}
{{- end -}}
{{- if $problems -}}
{{- fail (printf "\n  - %s\n" (join "\n  - " $problems)) -}}
{{- end -}}
{{- end -}}
