module github.com/gondola-sync/gondola/internal/test/photosclient

go 1.26.0

require (
	github.com/gondola-sync/gondola v0.0.0
	github.com/gphotosuploader/google-photos-api-client-go/v3 v3.0.5
	golang.org/x/oauth2 v0.37.0
)

require (
	github.com/abema/go-mp4 v1.4.1 // indirect
	github.com/gabriel-vasile/mimetype v1.4.16 // indirect
	github.com/google/uuid v1.6.0 // indirect
	github.com/gphotosuploader/googlemirror v0.5.0 // indirect
	github.com/hashicorp/go-cleanhttp v0.5.2 // indirect
	github.com/hashicorp/go-retryablehttp v0.7.5 // indirect
	github.com/rwcarlsen/goexif v0.0.0-20190401172101-9e8deecbddbd // indirect
	google.golang.org/api v0.167.0 // indirect
)

replace github.com/gondola-sync/gondola => ../../..
